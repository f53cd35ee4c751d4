#!/usr/bin/env python3
"""Each header compiles alone, so that no file depends on the order of its includes."""

import concurrent.futures
import os
import subprocess
import sys

sys.dont_write_bytecode = True
import lint


PACKAGES = ('json-c', 'libcrypto', 'libcurl', 'libmicrohttpd', 'libsystemd', 'sqlite3', 'yaml-0.1')
FLAGS = ['-std=gnu17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-fsyntax-only',
         '-I', 'lib', '-I', '.', '-I', 'tests', '-I', 'tests/awssim']


def package_flags():
    flags = []
    for package in PACKAGES:
        try:
            done = subprocess.run(['pkg-config', '--cflags', package], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return []
        flags += done.stdout.split() if done.returncode == 0 else []
    return flags


def compile_alone(root, path, flags):
    done = subprocess.run([lint.find_tool('gcc', 'cc', 'clang'), *FLAGS, *flags, '-x', 'c', '-include', path,
                           os.devnull], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    return next((l for l in done.stderr.splitlines() if ' error: ' in l), done.stderr.strip())


def main():
    root = lint.root_from_argv()
    report = lint.Report(root)
    if not lint.find_tool('gcc', 'cc', 'clang'):
        lint.skip('no C compiler')
    paths = lint.sources(root, '.h')
    flags = package_flags()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, error in zip(paths, pool.map(lambda p: compile_alone(root, p, flags), paths)):
            if error:
                report.add(path, 1, f'does not compile alone: {error}')
    report.finish(f'{len(paths)} headers')


if __name__ == '__main__':
    main()
