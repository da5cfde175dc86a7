"""A server that holds its clients: `python holder.py COUNT CHAIN KEY`.

It answers the second EHLO of nobody until COUNT clients have asked, prints "held", and answers them all once it has
been told to on stdin. Meanwhile somebody else can measure what the client process has grown to. (nginx cannot delay.)
The first line that it prints is its port.
"""

import ssl
import sys

import trio

PATIENCE = 60.0


class Holder:
    def __init__(self, count: int, context: ssl.SSLContext) -> None:
        self.count, self.context = count, context
        self.everyone_here, self.go_on = trio.Event(), trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        try:
            with trio.move_on_after(PATIENCE):
                await stream.send_all(b"220 holder.bench.test ESMTP\r\n")
                await stream.receive_some()
                await stream.send_all(b"250-holder.bench.test\r\n250 STARTTLS\r\n")
                await stream.receive_some()
                await stream.send_all(b"220 ready\r\n")
                secure = trio.SSLStream(stream, self.context, server_side=True)
                await secure.receive_some(4096)
                self.count -= 1
                if self.count <= 0:
                    self.everyone_here.set()
                await self.go_on.wait()
                await secure.send_all(b"250 holder.bench.test\r\n")
                await secure.receive_some(4096)
        except trio.BrokenResourceError:
            pass  # a client that has what it wanted need not stay for the goodbye


async def main(count: int, context: ssl.SSLContext) -> None:
    holder = Holder(count, context)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, holder.serve, 0)
        print(listeners[0].socket.getsockname()[1], flush=True)
        with trio.move_on_after(PATIENCE):
            await holder.everyone_here.wait()
            print("held", flush=True)
            await trio.to_thread.run_sync(sys.stdin.readline)
            holder.go_on.set()
            await trio.to_thread.run_sync(sys.stdin.readline)  # until whoever started us has done with us
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[2], sys.argv[3])
    trio.run(main, int(sys.argv[1]), tls)
