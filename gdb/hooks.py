"""Runs inside GDB, for imflasher-gdb: each connection to a probe's GDB server gets imflasher's server into its middle.

Why here and not outside: only GDB itself sees every way in which it is told to connect (MI on a pipe, MI on a pseudo-terminal
of the IDE's, a console, a script), and knows to where. Why so late: a hook is not told the address of "target", and some
servers (J-Link's with -singlerun) end with their first connection, so that it must stay. GDB has connected when we come in; the
socket is handed to imflasher, and one to imflasher takes its place under the same descriptor. GDB notices nothing, and so
does the IDE: no second "connected", no second stop.
"""

import os
import shlex
import socket
import stat
import subprocess
import sys

import gdb

if sys.version_info < (3, 4):
    # A GDB that goes on without the hooks would load into nowhere.
    sys.stderr.write("imflasher-gdb: expected a GDB with Python 3.4 or later, found %s\n" % sys.version.split()[0])
    gdb.execute("quit 127")

KINDS = ("remote", "extended-remote")
# Seconds that imflasher may take to let a board go.
LEAVING_TIME = 11


class Middle:
    """The imflasher process of this GDB, and how it gets between."""

    def __init__(self):
        self.sockets = {}
        self.pending = False
        self.child = None
        # Of the connection to the child: descriptor and inode.
        self.connection = None

    def before(self):
        """GDB is about to connect. What it agrees upon with the server must be true of imflasher, too."""
        self.sockets = open_sockets()
        self.wait_for_last()
        # Both of its sides begin in the same state.
        gdb.execute("set remote noack-packet off", to_string=True)
        gdb.execute("set remote multiprocess-feature-packet off", to_string=True)
        # The memory map is fetched once, by the first access; with regions of the user's it is not fetched before we are there.
        gdb.execute("mem auto", to_string=True)
        gdb.execute("mem 0 0 rw", to_string=True)
        self.pending = True

    def wait_for_last(self):
        """Many servers take one connection at a time, and imflasher has the last one until the board is let go."""
        if self.child is None:
            return
        if self.connection in self.sockets.items():
            # GDB closes its connection only as it opens the next one. It may ask before.
            if gdb.selected_inferior().pid != 0 and gdb.parameter("confirm"):
                return
            gdb.execute("disconnect", to_string=True)
            self.sockets = open_sockets()
        try:
            self.child.wait(LEAVING_TIME)
        except subprocess.TimeoutExpired:
            self.child.kill()

    def after(self):
        """GDB has connected, or could not."""
        if not self.pending:
            return
        self.pending = False
        try:
            descriptor = self.new_socket()
            if descriptor is not None and not is_imflasher():
                self.stand_between(descriptor)
        except (OSError, RuntimeError, ValueError) as error:
            # Without us a load would go to the probe alone, and into nowhere.
            gdb.execute("disconnect", to_string=True)
            raise gdb.GdbError("imflasher-gdb: disconnected, because imflasher is not between: " + str(error))
        finally:
            gdb.execute("mem auto", to_string=True)
            gdb.execute("set remote noack-packet auto", to_string=True)
            gdb.execute("set remote multiprocess-feature-packet auto", to_string=True)
        if descriptor is not None:
            # GDB has asked the server this itself, and the answer tells imflasher what server it is.
            gdb.execute("maintenance packet qSupported:swbreak+;hwbreak+;vContSupported+", to_string=True)
        # Ours, whatever the probe's server says of its own.
        gdb.execute("set remote memory-map-packet on", to_string=True)

    def at_prompt(self):
        """In a terminal GDB runs no hook behind "target": it has given the command back before the target has answered."""
        try:
            self.after()
        except gdb.GdbError as error:
            gdb.write("%s\n" % error, gdb.STDERR)

    def name_program(self):
        """What is debugged: a restart writes it when no load has. IDEs name it before they connect, or after."""
        if self.connection not in open_sockets().items():
            return
        name = (gdb.current_progspace().filename or "").encode("utf-8").hex()
        try:
            gdb.execute("maintenance packet QImflasher.Program:" + name, to_string=True)
        except gdb.error as error:
            # While the program runs there is none of it to say, and the command says so itself.
            if self.child.poll() is not None:
                raise gdb.GdbError("imflasher-gdb: imflasher has ended; it has said why: " + str(error))

    def new_socket(self):
        """Of the connection; None when there is none."""
        new = [fd for fd, inode in open_sockets().items() if self.sockets.get(fd) != inode]
        if not new and gdb.selected_inferior().pid == 0:
            return None
        if not new:
            raise RuntimeError("the connection is no socket; expected HOST:PORT or | COMMAND")
        # A command's standard error is a second one, made after it.
        return min(new)

    def stand_between(self, descriptor):
        ours, its = socket.socketpair()
        with ours, its:
            upstream = os.dup(descriptor)
            try:
                self.start(upstream, its.fileno())
            finally:
                os.close(upstream)
            self.connection = (descriptor, os.fstat(ours.fileno()).st_ino)
            os.dup2(ours.fileno(), descriptor, inheritable=False)

    def start(self, upstream, guest):
        root = os.environ["IMFLASHER_ROOT"]
        command = [
            os.environ["IMFLASHER_NODE"],
            os.path.join(root, "dist", "src", "cli", "main.js"),
            "gdb-server",
            "--between",
            "%d,%d" % (upstream, guest),
        ]
        command += shlex.split(os.environ.get("IMFLASHER_OPTIONS", ""))
        self.child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            # GDB's own standard output is MI, and belongs to GDB alone.
            stdout=subprocess.PIPE,
            pass_fds=(upstream, guest),
            # Ctrl-C in a terminal is for GDB, which passes it on as it sees fit.
            start_new_session=True,
        )
        # GDB gives up what is not answered within 2 s: it goes on when there is somebody to answer.
        if not self.child.stdout.readline():
            raise RuntimeError("imflasher has ended; it has said why")


def open_sockets():
    """Descriptor -> inode."""
    found = {}
    for name in os.listdir("/dev/fd"):
        try:
            status = os.fstat(int(name))
        except OSError:
            continue
        if stat.S_ISSOCK(status.st_mode):
            found[int(name)] = status.st_ino
    return found


def is_imflasher():
    """The server is "imflasher gdb-server" already: two in a row would both reset the board, each for itself."""
    return 'received: "OK"' in gdb.execute("maintenance packet qImflasher", to_string=True)


class Step(gdb.Command):
    """A command for a hook: of its errors GDB shows the words, not where they came from in this file."""

    def __init__(self, name, run):
        super().__init__(name, gdb.COMMAND_OBSCURE)
        self.run = run

    def invoke(self, argument, from_tty):
        self.run()


def hook(command, step):
    gdb.execute("define %s\n%s\nend" % (command, step), to_string=True)


imflasher = Middle()
Step("imflasher-before-target", imflasher.before)
Step("imflasher-after-target", imflasher.after)
Step("imflasher-name-program", imflasher.name_program)
for kind in KINDS:
    hook("target hook-" + kind, "imflasher-before-target")
    hook("target hookpost-" + kind, "imflasher-after-target")
for command in ("monitor", "load"):
    hook("hook-" + command, "imflasher-name-program")
gdb.events.before_prompt.connect(imflasher.at_prompt)
