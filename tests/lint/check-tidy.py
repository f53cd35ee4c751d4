#!/usr/bin/env python3
"""clang-tidy 14 with .clang-tidy over what BUILD/compile_commands.json compiles for the product and for awssim.
A file that was clean is not looked at again until it, one of its headers, its flags or .clang-tidy change.
`check-tidy.py ROOT BUILD`."""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
import lint

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.M)
# Of gcc's command line, what the meaning of the text depends on; clang-tidy would stumble over the rest.
MEANING = re.compile(r'-I|-isystem|-D(?!_FORTIFY_SOURCE)|-std=')
FOLDERS = ('lib', 'daemon', 'tests/lib', 'tests/awssim')
# Walking every path through a file takes ten times as long as all other checks. It is for what we ship.
SHIPPED = ('lib/', 'daemon/')
QUICK = '--checks=-clang-analyzer-*'
TIMEOUT = 240


class Tree:
    def __init__(self, root, build):
        self.root, self.build = root, build
        self.closures = {}

    def closure(self, path, seen=None):
        """The project files that path includes, directly or not, itself included."""
        seen = set() if seen is None else seen
        if path in seen:
            return seen
        seen.add(path)
        for name in INCLUDE.findall(lint.read(self.root, path)):
            for base in ('lib', '.', 'tests', os.path.dirname(path)):
                other = os.path.normpath(os.path.join(base, name))
                if os.path.isfile(os.path.join(self.root, other)):
                    self.closure(other, seen)
                    break
        return seen

    def key(self, path, command, tool):
        digest = hashlib.sha256()
        for part in [tool, *command, lint.read(self.root, '.clang-tidy')]:
            digest.update(part.encode() + b'\0')
        for name in sorted(self.closure(path)):
            digest.update(name.encode() + b'\0' +
                          lint.read(self.root, name).encode(errors='surrogateescape'))
        return digest.hexdigest()


def options(command, directory):
    """The options of a compiler command that matter here, folders made absolute."""
    kept = []
    words = iter(shlex.split(command))
    for word in words:
        if word == '-isystem':
            kept += [word, os.path.join(directory, next(words))]
        elif word.startswith('-I'):
            kept.append('-I' + os.path.join(directory, word[2:]))
        elif MEANING.match(word):
            kept.append(word)
    return kept


def tidy(tool, root, path, command):
    checks = [] if path.startswith(SHIPPED) else [QUICK]
    try:
        done = subprocess.run([tool, '--quiet', *checks, os.path.join(root, path), '--', *command], cwd=root,
                              capture_output=True, text=True, check=False, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return [(path, '1', f'clang-tidy takes longer than {TIMEOUT} s')]
    found = []
    for line in done.stdout.splitlines():
        match = re.match(r'(\S+?):(\d+):\d+: (?:error|warning): (.*)', line)
        if match:
            found.append((os.path.relpath(match.group(1), root), match.group(2), match.group(3)))
    if done.returncode != 0 and not found:
        found.append((path, '1', (done.stdout + done.stderr).strip()[-500:]))
    return found


def main():
    root = lint.root_from_argv()
    build = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else os.path.join(root, 'build')
    report = lint.Report(root)
    tool = lint.find_tool('clang-tidy-14')
    if not tool:
        lint.skip('clang-tidy-14 is not installed; other versions have other checks')
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as f:
        commands = json.load(f)
    cache = os.path.join(build, 'tidy-cache')
    os.makedirs(cache, exist_ok=True)
    tree = Tree(root, build)
    jobs = {}
    for entry in commands:
        path = os.path.relpath(os.path.join(entry['directory'], entry['file']), root)
        if path.startswith(tuple(f + '/' for f in FOLDERS)):
            command = options(entry['command'], entry['directory'])
            jobs[path] = (os.path.join(cache, tree.key(path, command, tool)), command)
    todo = [path for path, (mark, _) in sorted(jobs.items()) if not os.path.exists(mark)]
    seen = set()
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, found in zip(todo, pool.map(lambda p: tidy(tool, root, p, jobs[p][1]), todo)):
            for finding in found:
                if finding not in seen:
                    seen.add(finding)
                    report.add(*finding)
            if not found:
                with open(jobs[path][0], 'w', encoding='utf-8') as f:
                    f.write(path)
    for name in set(os.listdir(cache)) - {os.path.basename(mark) for mark, _ in jobs.values()}:
        os.unlink(os.path.join(cache, name))
    report.finish(f'{len(jobs)} files, {len(jobs) - len(todo)} of them unchanged since they were clean')


if __name__ == '__main__':
    main()
