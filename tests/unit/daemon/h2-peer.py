#!/usr/bin/env python3
"""An HTTP/2 server on loopback that misbehaves on demand, frame by frame, and a proxy that leads every CONNECT to it.

h2-peer.py CERTIFICATE: a PEM file with certificate and key. Prints the two ports. Each reply's body is "CONNECTION
REQUEST", both counted from 0, so that a client can tell what it shared. A request's body says what becomes of it:
"refuse" (REFUSED_STREAM), "reset" (the stream), "goaway" (not this request any more), "last" (answered, and then
GOAWAY), "close" (the connection, without a word), "hang", "headers" (a flood of them)."""

import itertools
import os
import socket
import ssl
import struct
import sys
import threading

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
INTERNAL_ERROR, REFUSED_STREAM = 2, 7
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
STATUS_200 = b'\x88'
FLOOD_FRAMES = 40

connections = itertools.count()
requests = itertools.count()


def read_exactly(conn, size):
    data = b''
    while len(data) < size:
        chunk = conn.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def send(conn, kind, flags, stream, payload=b''):
    conn.sendall(struct.pack('>I', len(payload))[1:] + struct.pack('>BBI', kind, flags, stream) + payload)


def flood(conn, stream):
    """Header fields without indexing, 12 KiB each, all of them in one block."""
    size = 12 * 1024
    field = b'\x00\x03x-a' + b'\x7f' + bytes([(size - 127) & 0x7f | 0x80, (size - 127) >> 7]) + b'a' * size
    send(conn, HEADERS, 0, stream, STATUS_200)
    for i in range(FLOOD_FRAMES):
        send(conn, CONTINUATION, END_HEADERS if i == FLOOD_FRAMES - 1 else 0, stream, field)


def answer(conn, number, stream, wish):
    """False: the connection ends here."""
    request = next(requests)
    if wish in ('refuse', 'reset'):
        code = REFUSED_STREAM if wish == 'refuse' else INTERNAL_ERROR
        send(conn, RST_STREAM, 0, stream, struct.pack('>I', code))
    elif wish == 'goaway':
        send(conn, GOAWAY, 0, 0, struct.pack('>II', max(stream - 2, 0), 0))
    elif wish == 'close':
        return False
    elif wish == 'headers':
        flood(conn, stream)
    elif wish != 'hang':
        send(conn, HEADERS, END_HEADERS, stream, STATUS_200)
        send(conn, DATA, END_STREAM, stream, f'{number} {request}'.encode())
        if wish == 'last':
            send(conn, GOAWAY, 0, 0, struct.pack('>II', stream, 0))
    return True


def serve(conn):
    number = next(connections)
    wishes = {}
    if read_exactly(conn, len(PREFACE)) != PREFACE:
        return
    send(conn, SETTINGS, 0, 0)
    while True:
        head = read_exactly(conn, 9)
        payload = read_exactly(conn, int.from_bytes(head[:3], 'big'))
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], 'big')
        if kind == SETTINGS and not flags & ACK:
            send(conn, SETTINGS, ACK, 0)
        elif kind == PING and not flags & ACK:
            send(conn, PING, ACK, 0, payload)
        elif kind == DATA:
            wishes[stream] = wishes.get(stream, b'') + payload
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            if not answer(conn, number, stream, wishes.pop(stream, b'').decode()):
                return


def serve_tls(conn, context):
    with context.wrap_socket(conn, server_side=True) as tls:
        serve(tls)


def relay(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve_proxy(conn, port):
    head = b''
    while b'\r\n\r\n' not in head:
        head += read_exactly(conn, 1)
    with socket.create_connection(('127.0.0.1', port)) as server:
        conn.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
        threading.Thread(target=relay, args=(server, conn), daemon=True).start()
        relay(conn, server)


def quietly(function, conn, *arguments):
    with conn:
        try:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            function(conn, *arguments)
        except (OSError, EOFError):
            pass


def accept_all(listener, function, *arguments):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=quietly, args=(function, conn, *arguments), daemon=True).start()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    context.set_alpn_protocols(['h2'])
    listener, proxy = (socket.create_server(('127.0.0.1', 0), backlog=256) for _ in range(2))
    port = listener.getsockname()[1]
    threading.Thread(target=accept_all, args=(proxy, serve_proxy, port), daemon=True).start()
    os.write(1, f'{port:5} {proxy.getsockname()[1]:5}\n'.encode())
    accept_all(listener, serve_tls, context)


if __name__ == '__main__':
    main()
