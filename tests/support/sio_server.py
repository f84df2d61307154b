# SPDX-License-Identifier: ISC
# What sio-server.mjs does, on python-socketio and aiohttp as Debian has them.
#
#     sio_server.py PORT [CERT KEY]
#
# Prints the port once it listens; 0 takes any.
import asyncio
import os
import ssl
import sys

import socketio
from aiohttp import web

sio = socketio.AsyncServer(async_mode="aiohttp", max_http_buffer_size=1000000)


class Application(socketio.AsyncNamespace):
    async def on_connect(self, sid, environ, auth):
        if auth and auth.get("token") == "wrong":
            raise socketio.exceptions.ConnectionRefusedError("Invalid token")

    async def on_echo(self, sid, *args):
        return args

    async def on_say(self, sid, *args):
        await self.emit("said", args, to=sid)

    async def on_send(self, sid, length):
        await self.emit("sent", "x" * length, to=sid)

    async def trigger_event(self, event, *args):
        special = {
            "ask me": self.ask,
            "throw me out": self.throw_out,
            "cut me off": self.throw_out,
        }
        if event in special:
            return await special[event](*args)
        return await super().trigger_event(event, *args)

    async def ask(self, sid, *args):
        async def answered(*answer):
            await self.emit("answered", answer, to=sid)

        await self.emit("question", args, to=sid, callback=answered)

    async def throw_out(self, sid):
        await self.disconnect(sid)


sio.register_namespace(Application("/"))
sio.register_namespace(Application("/admin"))


async def main(port, cert=None, key=None):
    parent = os.getppid()
    app = web.Application()
    sio.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = None
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
    site = web.TCPSite(runner, "127.0.0.1", int(port), ssl_context=context)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    # a test that was killed stops nobody
    while os.getppid() == parent:
        await asyncio.sleep(1)


asyncio.run(main(*sys.argv[1:]))
