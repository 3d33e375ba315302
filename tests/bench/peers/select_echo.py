"""The select() listing of the textbooks, adapted for the benchmark.

It differs from the listing as follows: it listens on a free port with a long backlog, puts back the
bytes that send() did not take, skips a socket that was closed in the same turn, sets TCP_NODELAY,
receives 64 KiB at a time, and does not print each event.
"""

import queue
import select
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setblocking(False)
server.bind(("127.0.0.1", 0))
server.listen(4096)
print("listening on 127.0.0.1 port", server.getsockname()[1], file=sys.stderr, flush=True)

inputs = [server]
outputs = []
message_queues = {}


def forget(s):
    inputs.remove(s)
    if s in outputs:
        outputs.remove(s)
    s.close()
    del message_queues[s]


while inputs:
    readable, writable, exceptional = select.select(inputs, outputs, inputs)

    for s in readable:
        if s is server:
            connection, client_address = s.accept()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            inputs.append(connection)
            message_queues[connection] = queue.Queue()
        else:
            data = s.recv(65536)
            if data:
                message_queues[s].put(data)
                if s not in outputs:
                    outputs.append(s)
            else:
                forget(s)

    for s in writable:
        # The socket may have been closed while it was readable.
        if s not in message_queues:
            continue
        try:
            next_msg = message_queues[s].get_nowait()
        except queue.Empty:
            outputs.remove(s)
        else:
            # The textbook example ignores short writes.
            sent = s.send(next_msg)
            if sent < len(next_msg):
                message_queues[s].queue.appendleft(next_msg[sent:])

    for s in exceptional:
        if s in message_queues:
            forget(s)
