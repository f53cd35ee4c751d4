"""A cable between canaryd and awssim that can be pulled and plugged in again. What went in comes out at the other
end, even when the sender is gone by then, as it does on a real network."""

import contextlib
import socket
import struct
import threading

LINGER_SECONDS = 3
RESET = struct.pack("ii", 1, 0)


class Wire:
    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.port = 0
        self.lock = threading.Lock()
        self.sockets = set()
        self.writes = 0  # PUT requests on their way
        self.listener = None
        self.plug()

    def plug(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def cut(self):
        """Nothing listens any more, and what was open is reset."""
        # A mere close() would leave accept() waiting in its thread, and the port in use.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for s in self.sockets:
                with contextlib.suppress(OSError):
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    s.shutdown(socket.SHUT_RDWR)

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self.target)
                with self.lock:
                    self.sockets |= {near, far}
                threading.Thread(target=self.pump, args=(near, far, self.end_of_near), daemon=True).start()
                threading.Thread(target=self.pump, args=(far, near, self.end_of_far), daemon=True).start()

    def pump(self, source, sink, end):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                with contextlib.suppress(OSError):
                    sink.sendall(data)
                with self.lock:
                    self.writes += data.startswith(b"PUT ")
        end(source, sink)

    def end_of_near(self, near, far):
        """The reply may still come, though nobody wants it any more."""
        with contextlib.suppress(OSError):
            far.settimeout(LINGER_SECONDS)

    def end_of_far(self, far, near):
        with self.lock:
            self.sockets -= {near, far}
        with contextlib.suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)
        near.close()
        far.close()
