#!/usr/bin/env python3
"""What clang-format 14 decides, nobody has to discuss. `check-format.py ROOT --fix` rewrites the files."""

import subprocess
import sys

sys.dont_write_bytecode = True
import lint


def main():
    fix = '--fix' in sys.argv
    if fix:
        sys.argv.remove('--fix')
    root = lint.root_from_argv()
    report = lint.Report(root)
    tool = lint.find_tool('clang-format-14')
    if not tool:
        lint.skip('clang-format-14 is not installed; other versions format differently')
    paths = lint.sources(root, '.c', '.h')
    mode = ['-i'] if fix else ['--dry-run', '--Werror', '--ferror-limit=3']
    for start in range(0, len(paths), 40):
        done = subprocess.run([tool, '--style=file', *mode, *paths[start:start + 40]], cwd=root,
                              stderr=subprocess.PIPE, text=True, check=False)
        for line in done.stderr.splitlines():
            if ': error: ' in line:
                path, number, rest = line.split(':', 2)
                report.add(path, number, 'is not as clang-format-14 would have it')
        if done.returncode != 0 and not report.findings:
            report.add('.clang-format', 1, done.stderr.strip() or 'clang-format failed')
    report.finish(f'{len(paths)} files')


if __name__ == '__main__':
    main()
