/**
 * The Python program that runs an answer: it first refuses, by an audit hook (PEP 578) that nothing can take back, new
 * processes, sockets, foreign functions, and changes to files outside its folder. It guards against accidents of
 * generated code; the limits of the process are the kernel's. The word to print after the last test comes by stdin, so
 * that a program that ends early is none that passed.
 */
export const GUARD = `import os, shutil, sys

def guard(folder):
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    paths = {"os.mkdir": 1, "os.remove": 1, "os.rmdir": 1, "os.rename": 2, "os.truncate": 1,
             "os.utime": 1, "os.chmod": 1, "open": 1}
    refused = ("subprocess.", "socket.", "ctypes.", "pty.", "os.system", "os.exec", "os.posix_spawn",
               "os.spawn", "os.fork", "os.startfile", "os.kill", "os.chown", "os.link", "os.symlink",
               "os.setxattr", "os.removexattr", "os.chflags", "os.chroot", "signal.pthread_kill",
               "shutil.chown", "sqlite3.", "winreg.", "msvcrt.")
    # Where in its arguments an event has a folder that its paths begin at: -1 is the current one.
    folders = {"os.mkdir": (2,), "os.remove": (1,), "os.rmdir": (1,), "os.rename": (2, 3), "os.utime": (3,),
               "os.chmod": (2,)}
    # A whole tree goes by its full paths then, which the hook can judge.
    shutil._use_fd_functions = False
    realpath, isinstance_, str_, bytes_ = os.path.realpath, isinstance, str, bytes
    inside = folder + os.sep

    def hook(event, args):
        if event.startswith(refused):
            raise PermissionError("refused: " + event)
        count = paths.get(event)
        if count is None or event == "open" and not (args[2] or 0) & writes:
            return
        for at in folders.get(event, ()):
            if args[at] != -1:
                raise PermissionError("refused: " + event + " in an opened folder")
        for path in args[:count]:
            if event in folders and isinstance_(path, int):
                raise PermissionError("refused: " + event + " of an opened file")
            if isinstance_(path, (str_, bytes_, os.PathLike)):
                if not (realpath(os.fsdecode(path)) + os.sep).startswith(inside):
                    raise PermissionError("refused: " + event + " outside the folder")

    sys.addaudithook(hook)

def run():
    word = sys.stdin.readline().strip()
    with open("program.py", encoding="utf-8") as file:
        source = file.read()
    guard(os.path.realpath(os.getcwd()))
    exec(compile(source, "program.py", "exec"), {"__name__": "__main__"})
    sys.stdout.write("\\n" + word + "\\n")
    sys.stdout.flush()

run()
`;
