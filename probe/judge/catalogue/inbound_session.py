"""What a server's TLS is told of, told of a client's: causes that other entries share with our listener."""

from collections.abc import Mapping

from probe.judge.catalogue.entry import Cause
from probe.judge.catalogue.words import ENABLE_TLS_12

CLIENT_INJECTED: Mapping[str, Cause] = {
    "client": Cause(
        title="The client sent commands behind STARTTLS before the answer",
        meaning=(
            "It could not know whether there would be TLS, so what it sent may be somebody else's, put there to be "
            "taken as said inside (CVE-2011-0411). It was kept aside, and the client was refused."
        ),
        remedy=(
            "Update the client, or the proxy in front of it: nothing may follow STARTTLS before the answer to it.",
            "Try again from another network. If the bytes are gone, distrust the first path.",
        ),
    )
}

CLIENT_VERSION: Mapping[str, Cause] = {
    "client": Cause(
        title="The client speaks only a version of TLS below the minimum",
        meaning=(
            "Ours was the newer one to choose, so the client offers no better. Exchange Online speaks TLS 1.2 and "
            "newer, and takes no mail by an older one."
        ),
        remedy=ENABLE_TLS_12,
    )
}

CLIENT_CIPHER: Mapping[str, Cause] = {
    "client": Cause(
        title="Only a weak cipher could be agreed on with the client",
        meaning="The client offers no strong one. Exchange Online refuses ciphers of fewer than 128 bits.",
        remedy=(
            "On Windows, see which suites are on and in which order; ECDHE with AES-GCM belongs first:",
            "    Get-TlsCipherSuite | Format-Table Name, CipherLength",
        ),
    )
}
