#!/usr/bin/env python3
"""Words that must not reach the tree: unfinished work, paths of somebody's machine, real account ids."""

import re
import sys

sys.dont_write_bytecode = True
import lint

EXAMPLE_ACCOUNT = '123456789012'

# (pattern, what is wrong, files it holds for). Written so that this file does not find itself.
EVERYWHERE = ''
SHIPPED = ('lib/', 'daemon/', 'config/', 'systemd/', 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md')
LOCK_FILES = ('tests/peers/sdk/package-lock.json',)
WORDS = [
    (r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b', 'unfinished work: do it, or write it down as an issue', EVERYWHERE),
    (r'/wo' r'rk/|/ho' r'me/\w|/ro' r'ot/|/Us' r'ers/', 'a path of somebody\'s machine', EVERYWHERE),
    (r'/t' r'mp/', 'a fixed place for temporary files: anybody may write there', SHIPPED),
    (r'helper ses' r'sion|sha' r'red/refer' r'ence|\bc-st' r'yle\.md|\baws-fa' r'cts\b|\bdes' r'ign\.md', 'a document that is not in this tree',
     EVERYWHERE),
    (r'registry\.np' r'mjs|\bpy' r'pi\.(org|python)|files\.python' r'hosted|crates\.i' r'o\b|proxy\.gol' r'ang|'
     r'deb\.deb' r'ian\.org', 'a package registry: Debian\'s own packages do', EVERYWHERE),
    (r'"resolved"|://', 'an address: whoever installs has a registry set up (omit-lockfile-registry-resolved)',
     LOCK_FILES),
]
ACCOUNT = re.compile(r'\barn:[\w-]+:[\w-]*:[\w-]*:(\d{12})\b|"(\d{12})"|\baccount\W{1,4}(\d{12})\b', re.I)
BINARY = ('.png', '.db', '.gz', '.zip', '.der')


def main():
    root = lint.root_from_argv()
    report = lint.Report(root)
    words = [(re.compile(pattern), what, where) for pattern, what, where in WORDS]
    paths = [p for p in lint.sources(root) if not p.endswith(BINARY)]
    for path in paths:
        for number, line in enumerate(lint.read(root, path).splitlines(), 1):
            for pattern, what, where in words:
                match = pattern.search(line)
                if match and (where == EVERYWHERE or path.startswith(where)):
                    report.add(path, number, f'"{match.group(0)}": {what}')
            for match in ACCOUNT.finditer(line):
                account = next(g for g in match.groups() if g)
                if account != EXAMPLE_ACCOUNT:
                    report.add(path, number, f'account {account}: examples use {EXAMPLE_ACCOUNT}')
    report.finish(f'{len(paths)} files')


if __name__ == '__main__':
    main()
