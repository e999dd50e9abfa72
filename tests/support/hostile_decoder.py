"""Files whose names say what they do to the process that opens them: what a fault in a codec's library would do."""

from pathlib import Path

HOOK = """
import ctypes, os, sys, time

if "vsseval.media.decoder" in sys.orig_argv:
    import av

    plain = av.open

    def hostile(source, *more, **options):
        name = os.path.basename(str(source))
        if name.startswith("segfault"):
            ctypes.string_at(0)
        if name.startswith("abort"):
            os.abort()
        if name.startswith("exit"):
            os._exit(3)
        if name.startswith("endless"):
            while True:
                time.process_time()
        if name.startswith("deaf"):
            ctypes.PyDLL(None).pause()  # with the interpreter's lock held
        if name.startswith("hungry"):
            held = [bytearray(1 << 26) for _ in range(1 << 20)]
        if name.startswith("once") and not os.path.exists(str(source) + ".died"):
            open(str(source) + ".died", "w").close()
            os.abort()
        if name.startswith("orphan") and os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            os.closerange(0, 1000)
            code = "import time\\nwhile True: open(%r, 'a').write('x'); time.sleep(0.1)" % (str(source) + ".written")
            os.execve(sys.executable, [sys.executable, "-S", "-c", code], {})
        if name.startswith("liar"):
            import socket
            for number in map(int, os.listdir("/proc/self/fd")):
                try:
                    socket.socket(fileno=os.dup(number)).send(b"\\x93 no answer")
                except OSError:
                    pass
        return plain(source, *more, **options)

    av.open = hostile
"""


def install(folder: Path) -> Path:
    """Write what every decoder loads that is started with this folder on its path."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(HOOK)
    return folder
