"""What the lint scripts share: the list of sources, C text without comments, and one way to report.

Every script runs as `python3 tests/lint/check-x.py [ROOT]`, prints `file:line: what` per finding and exits 0
(clean), 1 (findings) or 77 (skipped, the last line says why). None of them needs a tree that builds, except
those that take a build directory or an archive."""

import os
import re
import shutil
import sys

SKIPPED = 77
DEFAULT_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def root_from_argv(index=1):
    return os.path.abspath(sys.argv[index]) if len(sys.argv) > index else DEFAULT_ROOT


def is_build_directory(name):
    return name.startswith('build')


def sources(root, *endings, under=None):
    """Paths relative to root of all files with one of these endings (all files when none is given); no dot
    directories, no build directories, sorted."""
    found = []
    for folder, folders, names in os.walk(root):
        relative = os.path.relpath(folder, root)
        top = relative == '.'
        folders[:] = sorted(f for f in folders
                            if not f.startswith('.') and f != '__pycache__' and
                            not (top and is_build_directory(f)))
        for name in sorted(names):
            path = name if top else os.path.join(relative, name)
            if endings and not path.endswith(endings):
                continue
            if under and not path.startswith(tuple(u + '/' for u in under)):
                continue
            found.append(path)
    return found


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8', errors='surrogateescape') as f:
        return f.read()


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text, strings=True):
    """C text with comments (and strings) replaced by spaces, line breaks kept, so that offsets hold."""
    def fill(match):
        token = match.group(0)
        if token[0] == '/' or strings:
            return re.sub(r'[^\n]', ' ', token)
        return token
    return TOKEN.sub(fill, text)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


class Report:
    def __init__(self, root):
        self.root = root
        self.findings = 0

    def add(self, path, line, what):
        self.findings += 1
        print(f'{path}:{line}: {what}')

    def finish(self, what):
        name = os.path.basename(sys.argv[0])
        if self.findings:
            print(f'{name}: {self.findings} finding{"s" if self.findings > 1 else ""}')
            sys.exit(1)
        print(f'{name}: ok ({what})')
        sys.exit(0)


def skip(why):
    print(why)
    sys.exit(SKIPPED)


def find_tool(*names):
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    return None
