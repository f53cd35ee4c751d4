#!/usr/bin/env python3
"""The top of the tree stays a table of contents: exactly these entries, dot files, and build directories
(which git ignores)."""

import os
import sys

sys.dont_write_bytecode = True
import lint

FILES = {'meson.build', 'meson_options.txt', 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE'}
FOLDERS = {'daemon', 'lib', 'config', 'systemd', 'tests'}


def main():
    root = lint.root_from_argv()
    report = lint.Report(root)
    for name in sorted(os.listdir(root)):
        is_folder = os.path.isdir(os.path.join(root, name))
        if name.startswith('.') or (is_folder and lint.is_build_directory(name)):
            continue
        if name not in (FOLDERS if is_folder else FILES):
            report.add(name, 1, 'does not belong at the top of the tree')
    for name in sorted(FILES | FOLDERS):
        if not os.path.exists(os.path.join(root, name)):
            report.add(name, 1, 'is missing')
    report.finish('top level')


if __name__ == '__main__':
    main()
