<#
.SYNOPSIS
Registers a scheduled task that has probe look at its targets every few minutes.

.DESCRIPTION
The task runs "probe run" as LOCAL SERVICE, an account without a password and with few rights, whether anybody is
logged on or not. A run takes the targets that are due; one that is still at work is not started a second time. The
store lies in a directory of its own, which that account, SYSTEM and administrators may enter, and nobody else.

The configuration, and each file that it names, has to be readable for LOCAL SERVICE. "probe status --store ..." in
an elevated window says how the targets stand.

Works in Windows PowerShell 5.1 and PowerShell 7, on Windows Server 2016 and later, elevated. UNTESTED ON WINDOWS:
it was written from the documentation, without such a machine at hand, so read it before you run it.

.PARAMETER Probe
The program. By default the one on PATH.

.PARAMETER Config
The configuration.

.PARAMETER Directory
Where the store lies. It is made if it is not there.

.PARAMETER Minutes
How often to run.

.PARAMETER Name
The name of the task. A task of this name is replaced.

.EXAMPLE
.\Register-ProbeTask.ps1 -Config C:\ProgramData\probe\probe.toml

.EXAMPLE
Unregister-ScheduledTask -TaskName probe
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [string] $Probe = '',
    [string] $Config = (Join-Path $env:ProgramData 'probe\probe.toml'),
    [string] $Directory = (Join-Path $env:ProgramData 'probe\state'),
    [ValidateRange(1, 1440)]
    [int] $Minutes = 5,
    [string] $Name = 'probe'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

if ($Probe -eq '') {
    $Probe = (Get-Command -Name 'probe.exe' -CommandType Application | Select-Object -First 1).Source
}
foreach ($path in $Probe, $Config) {
    if (-not (Test-Path -LiteralPath $path -PathType Leaf)) {
        throw "There is no file $path"
    }
}
$Probe = (Resolve-Path -LiteralPath $Probe).ProviderPath
$Config = (Resolve-Path -LiteralPath $Config).ProviderPath

if (-not $PSCmdlet.ShouldProcess($Name, 'Register the scheduled task')) {
    return
}

# By number, because their names differ from language to language: SYSTEM, Administrators, LOCAL SERVICE.
$Directory = (New-Item -ItemType Directory -Path $Directory -Force).FullName
& icacls.exe $Directory /inheritance:r /grant '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-19:(OI)(CI)M' |
    Out-Null
if ($LASTEXITCODE -ne 0) {
    throw "icacls could not set the rights of $Directory"
}

$store = Join-Path $Directory 'probe.db'
$action = New-ScheduledTaskAction -Execute $Probe -Argument "run --config `"$Config`" --store `"$store`""
$trigger = New-ScheduledTaskTrigger -Once -At (Get-Date).Date -RepetitionInterval (New-TimeSpan -Minutes $Minutes)
$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-19' -LogonType ServiceAccount -RunLevel Limited
$settings = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -StartWhenAvailable `
    -ExecutionTimeLimit (New-TimeSpan -Minutes 15) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries

Register-ScheduledTask -TaskName $Name -Description 'Probes the TLS of mail servers, and alerts' -Action $action `
    -Trigger $trigger -Principal $principal -Settings $settings -Force
