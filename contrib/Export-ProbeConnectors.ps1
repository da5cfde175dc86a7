<#
.SYNOPSIS
Writes the connectors and certificates of an Exchange organisation to one JSON file, for probe to read.

.DESCRIPTION
Changes nothing: every command that is called begins with Get-. What is written are the properties that are
listed below by name, and no others: no credentials, no private keys, no recipients. Certificates are written as
every client sees them in a TLS handshake.

What cannot be asked, such as a server that is down, is recorded under 'errors' in the file; the rest is
written all the same.

Run it once in the Exchange Management Shell, once with -Online in a session of Exchange Online, and locally
on each Edge server, which cannot be asked from elsewhere. Use windows of their own, so that cmdlets of the
same name are those that are meant.

Works in Windows PowerShell 5.1 and PowerShell 7. UNTESTED ON EXCHANGE: it was written from the documentation,
without a server at hand, so read it before you run it, and the file before you pass it on.

.PARAMETER Online
Ask Exchange Online. Connect with Connect-ExchangeOnline before.

.PARAMETER OutFile
The file to write; onprem.json, or exo.json with -Online, in the current directory unless given. An existing
file is overwritten.

.EXAMPLE
.\Export-ProbeConnectors.ps1 -OutFile C:\Temp\onprem.json

.EXAMPLE
Connect-ExchangeOnline; .\Export-ProbeConnectors.ps1 -Online -OutFile C:\Temp\exo.json

.EXAMPLE
probe connectors onprem.json exo.json
#>
[CmdletBinding()]
param(
    [switch] $Online,
    [string] $OutFile
)

$Common = 'Name', 'Identity', 'Enabled', 'Guid', 'WhenChangedUTC', 'WhenCreatedUTC', 'IsValid'

$Inbound = $Common + @(
    'ConnectorType', 'ConnectorSource', 'Comment', 'SenderDomains', 'SenderIPAddresses', 'TrustedOrganizations',
    'ClientHostNames', 'AssociatedAcceptedDomains', 'RequireTls', 'RestrictDomainsToCertificate',
    'RestrictDomainsToIPAddresses', 'CloudServicesMailEnabled', 'TreatMessagesAsInternal',
    'TlsSenderCertificateName', 'EFTestMode', 'EFSkipLastIP', 'EFSkipIPs', 'EFSkipMailGateway'
)
$Outbound = $Common + @(
    'ConnectorType', 'ConnectorSource', 'Comment', 'UseMXRecord', 'SmartHosts', 'RecipientDomains', 'TlsSettings',
    'TlsDomain', 'IsTransportRuleScoped', 'RouteAllMessagesViaOnPremises', 'CloudServicesMailEnabled',
    'AllAcceptedDomains', 'SenderRewritingEnabled', 'MtaStsMode', 'SmtpDaneMode', 'TestMode', 'IsValidated',
    'LastValidationTimestamp'
)
$Send = $Common + @(
    'RequireTLS', 'TlsAuthLevel', 'TlsDomain', 'TlsCertificateName', 'Fqdn', 'DNSRoutingEnabled', 'SmartHosts',
    'SmartHostsString', 'Port', 'AddressSpaces', 'CloudServicesMailEnabled', 'IgnoreSTARTTLS', 'ForceHELO',
    'DomainSecureEnabled', 'FrontendProxyEnabled', 'SmartHostAuthMechanism', 'SourceTransportServers',
    'ConnectorType', 'ProtocolLoggingLevel', 'ErrorPolicies', 'RequireOorg', 'UseExternalDNSServersEnabled'
)
$Receive = $Common + @(
    'Server', 'AuthMechanism', 'RequireTLS', 'TlsCertificateName', 'Fqdn', 'TlsDomainCapabilities',
    'DomainSecureEnabled', 'Bindings', 'RemoteIPRanges', 'PermissionGroups', 'SuppressXAnonymousTls',
    'EnableAuthGSSAPI', 'ExtendedProtectionPolicy', 'RequireEHLODomain', 'Banner', 'ServiceDiscoveryFqdn',
    'TransportRole', 'ProtocolLoggingLevel'
)
$Certificates = @(
    'Thumbprint', 'Identity', 'Subject', 'Issuer', 'SerialNumber', 'NotBefore', 'NotAfter', 'CertificateDomains',
    'Services', 'Status', 'RootCAType', 'HasPrivateKey', 'IsSelfSigned', 'PublicKeySize', 'FriendlyName'
)
$Domains = 'Name', 'Identity', 'DomainName', 'DomainType', 'MatchSubDomains', 'Default', 'OutboundOnly'
$Hybrid = $Common + @(
    'TlsCertificateName', 'OnPremisesSmartHost', 'Domains', 'Features', 'ReceivingTransportServers',
    'SendingTransportServers', 'EdgeTransportServers', 'ServiceInstance'
)
$Servers = 'Name', 'Fqdn', 'Edition', 'ServerRole', 'IsEdgeServer', 'AdminDisplayVersion'
$Transport = 'TLSSendDomainSecureList', 'TLSReceiveDomainSecureList'

$Errors = New-Object System.Collections.ArrayList

# Run a question; what it throws is recorded, not fatal. The question sees these names before its caller's, so they
# are none that a question uses.
function Ask([string] $Step, [string] $Asked, [scriptblock] $Question) {
    try {
        & $Question
    }
    catch {
        [void] $script:Errors.Add([pscustomobject] [ordered] @{ Server = $Asked; Step = $Step; Message = "$_" })
    }
}

# An object with these properties as plain text, truth values, dates in UTC, and lists of text. What the object
# does not have is left out; what is null stays null.
function Flat($Object, [string[]] $Names) {
    $flat = [ordered] @{}
    foreach ($name in $Names) {
        $property = $Object.PSObject.Properties[$name]
        if ($null -eq $property) { continue }
        $value = $property.Value
        if ($null -eq $value) {
            $flat[$name] = $null
        }
        elseif ($value -is [bool]) {
            $flat[$name] = $value
        }
        elseif ($value -is [datetime]) {
            if ($name -like '*UTC' -and $value.Kind -eq [DateTimeKind]::Unspecified) {
                $value = [datetime]::SpecifyKind($value, [DateTimeKind]::Utc)
            }
            $flat[$name] = $value.ToUniversalTime().ToString('o')
        }
        elseif ($value -is [System.Collections.IEnumerable] -and $value -isnot [string]) {
            $flat[$name] = @($value | ForEach-Object { "$_" })
        }
        else {
            $flat[$name] = "$value"
        }
    }
    [pscustomobject] $flat
}

# A certificate, with its public part in base64 and the server that holds it, which the object itself may not have.
function FlatCertificate($Certificate, [string] $Server) {
    $flat = Flat $Certificate $Certificates
    $property = $Certificate.PSObject.Properties['RawData']
    if ($null -ne $property) {
        # A remote session may have made another type of it; what is no list of bytes any more is left out.
        $raw = $property.Value -as [byte[]]
        if ($null -ne $raw) {
            $flat | Add-Member -MemberType NoteProperty -Name 'RawData' -Value ([Convert]::ToBase64String($raw))
        }
    }
    $flat | Add-Member -MemberType NoteProperty -Name 'Server' -Value $Server -PassThru -Force
}

# The certificates of one server. An Edge server answers for itself only, and takes no name.
function CertificatesOf($Server) {
    $name = "$($Server.Name)"
    Ask 'Get-ExchangeCertificate' $name {
        if (-not $Server.IsEdgeServer) {
            $found = @(Get-ExchangeCertificate -Server $name -ErrorAction Stop)
        }
        elseif ($name -eq $env:COMPUTERNAME) {
            $found = @(Get-ExchangeCertificate -ErrorAction Stop)
        }
        else {
            throw 'An Edge server cannot be asked from elsewhere: run this script on it.'
        }
        $found | ForEach-Object { FlatCertificate $_ $name }
    }
}

function FromOnline {
    $out = [ordered] @{ collected = (Get-Date).ToUniversalTime().ToString('o') }
    $out.inbound = @(Ask 'Get-InboundConnector' '' {
        Get-InboundConnector -ErrorAction Stop | ForEach-Object { Flat $_ $Inbound }
    })
    $out.outbound = @(Ask 'Get-OutboundConnector' '' {
        Get-OutboundConnector -ErrorAction Stop | ForEach-Object { Flat $_ $Outbound }
    })
    $out.domains = @(Ask 'Get-AcceptedDomain' '' {
        Get-AcceptedDomain -ErrorAction Stop | ForEach-Object { Flat $_ $Domains }
    })
    $out
}

function FromServers {
    $out = [ordered] @{ collected = (Get-Date).ToUniversalTime().ToString('o') }
    $found = @(Ask 'Get-ExchangeServer' '' { Get-ExchangeServer -ErrorAction Stop })
    $out.servers = @($found | ForEach-Object { Flat $_ $Servers })
    $out.send = @(Ask 'Get-SendConnector' '' {
        Get-SendConnector -ErrorAction Stop | ForEach-Object { Flat $_ $Send }
    })
    $out.receive = @(Ask 'Get-ReceiveConnector' '' {
        Get-ReceiveConnector -ErrorAction Stop | ForEach-Object { Flat $_ $Receive }
    })
    $out.certs = @($found | ForEach-Object { CertificatesOf $_ })
    $out.hybrid = @(Ask 'Get-HybridConfiguration' '' {
        Get-HybridConfiguration -ErrorAction Stop | ForEach-Object { Flat $_ $Hybrid }
    })
    $out.domains = @(Ask 'Get-AcceptedDomain' '' {
        Get-AcceptedDomain -ErrorAction Stop | ForEach-Object { Flat $_ $Domains }
    })
    $out.transport = @(Ask 'Get-TransportConfig' '' {
        Get-TransportConfig -ErrorAction Stop | ForEach-Object { Flat $_ $Transport }
    })
    $out
}

if ($Online) { $needed = 'Get-InboundConnector' } else { $needed = 'Get-ReceiveConnector' }
if (-not (Get-Command $needed -ErrorAction SilentlyContinue)) {
    if ($Online) { throw 'Get-InboundConnector is not here: run Connect-ExchangeOnline first.' }
    throw 'Get-ReceiveConnector is not here: run this in the Exchange Management Shell, or with -Online.'
}

if (-not $OutFile) { if ($Online) { $OutFile = 'exo.json' } else { $OutFile = 'onprem.json' } }
$path = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($OutFile)

if ($Online) { $out = FromOnline } else { $out = FromServers }
$out.errors = $Errors.ToArray()
$json = ConvertTo-Json -InputObject $out -Depth 6
[System.IO.File]::WriteAllText($path, $json, (New-Object System.Text.UTF8Encoding $false))

foreach ($problem in $Errors) { Write-Warning "$($problem.Step) $($problem.Server): $($problem.Message)" }
Write-Output "Written: $path"
