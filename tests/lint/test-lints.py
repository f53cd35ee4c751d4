#!/usr/bin/env python3
"""A small tree that every lint accepts, and one violation of each kind that its lint must name by file and
line. TAP."""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REAL_ROOT = os.path.dirname(os.path.dirname(HERE))

CLEAN = {
    'meson.build': "project('x', 'c')\n", 'meson_options.txt': '', 'LICENSE': 'MIT\n',
    'README.md': '# x\n\n```\n$ canaryd --config FILE\n$ canaryctl list --json\n```\n',
    'CHANGELOG.md': '# Changes\n', 'CONTRIBUTING.md': '# Contributing\n',
    'config/sample.yaml': '# nothing\n', 'systemd/meson.build': '',
    'lib/base/forward.h': '#pragma once\n\n#include <stddef.h>\n',
    'lib/base/alloc.h': '#pragma once\n\n#include "base/forward.h"\n\nvoid *alloc_zero(size_t size);\n',
    'lib/base/alloc.c': '#include "base/alloc.h"\n\n#include <stdlib.h>\n\nvoid *alloc_zero(size_t size) {\n'
                        '        return calloc(1, size);\n}\n',
    'lib/core/step.h': '#pragma once\n\n#include "base/forward.h"\n\nint step(int x);\n',
    'lib/core/step.c': '#include "core/step.h"\n\n#include <string.h>\n\nint step(int x) {\n'
                       '        return x + 1;\n}\n',
    'lib/aws/sign.h': '#pragma once\n\nint sign(int x);\n',
    'lib/aws/sign.c': '#include "aws/sign.h"\n\nint sign(int x) {\n        return x;\n}\n',
    'lib/codec/parse.h': '#pragma once\n\nint parse(int x);\n',
    'lib/codec/parse.c': '#include "codec/parse.h"\n\n#include "core/step.h"\n\nint parse(int x) {\n'
                         '        return step(x);\n}\n',
    'daemon/log.h': '#pragma once\n\nint log_open(int x);\n',
    'daemon/log.c': '#include "daemon/log.h"\n\nint log_open(int x) {\n        return x;\n}\n',
    'daemon/ctl/list.h': '#pragma once\n\nint list(int x);\n',
    'daemon/ctl/list.c': '#include "daemon/ctl/list.h"\n\nint list(int x) {\n        return x;\n}\n',
    'tests/lint/size-exceptions': '# none\n',
    '.clang-tidy': 'Checks: "-*,bugprone-*"\nWarningsAsErrors: "*"\nHeaderFilterRegex: ".*"\n',
}
for source in ('base/alloc', 'core/step', 'aws/sign', 'codec/parse', 'daemon/log', 'daemon/ctl/list'):
    folder, name = os.path.split(source)
    CLEAN[f'tests/unit/{folder}/test-{name}.c'] = 'int main(void) {\n        return 0;\n}\n'

C_FUNCTION = 'int planted(int x) {\n        BODY;\n        return x;\n}\n'
LONG_FUNCTION = 'int planted(int x) {\n' + '        x++;\n' * 60 + '        return x;\n}\n'

# (lint, what it is, file, text added at the end or {'all': whole new text}, line, words of the finding)
CASES = [
    ('size', 'a long file', 'lib/base/alloc.c', {'all': '\n' * 501}, 501, 'limit is 500'),
    ('size', 'a long header', 'lib/base/alloc.h', {'all': '\n' * 251}, 251, 'limit is 250'),
    ('size', 'a long test', 'tests/unit/base/test-alloc.c', {'all': '\n' * 501}, 501, 'limit is 500'),
    ('size', 'a long function', 'lib/base/alloc.c', LONG_FUNCTION, 8, 'planted has 63 lines'),
    ('size', 'an exception without a reason', 'tests/lint/size-exceptions', 'lib/base/alloc.c:\n', 2, 'reason'),
    ('size', 'an exception without a need', 'tests/lint/size-exceptions', 'lib/base/alloc.c: why\n', 2, 'keeps to'),
    ('size', 'an exception without a file', 'tests/lint/size-exceptions', 'lib/gone.c: why\n', 2, 'not exist'),
    ('includes', 'base using core', 'lib/base/alloc.h', '#include "core/step.h"\n', 6, 'out of reach'),
    ('includes', 'core using allocation', 'lib/core/step.h', '#include "base/alloc.h"\n', 6, 'out of reach'),
    ('includes', 'core using the clock', 'lib/core/step.c', '#include <time.h>\n', 8, 'pure'),
    ('includes', 'core using stdio', 'lib/core/step.c', '#include <stdio.h>\n', 8, 'pure'),
    ('includes', 'aws using core', 'lib/aws/sign.c', '#include "core/step.h"\n', 6, 'out of reach'),
    ('includes', 'aws using libyaml', 'lib/aws/sign.c', '#include <yaml.h>\n', 6, 'libyaml'),
    ('includes', 'codec using aws', 'lib/codec/parse.c', '#include "aws/sign.h"\n', 8, 'out of reach'),
    ('includes', 'codec using libcurl', 'lib/codec/parse.c', '#include <curl/curl.h>\n', 8, 'libcurl'),
    ('includes', 'daemon using json-c', 'daemon/log.c', '#include <json-c/json.h>\n', 6, 'json-c'),
    ('includes', 'daemon using libcrypto', 'daemon/log.c', '#include <openssl/evp.h>\n', 6, 'libcrypto'),
    ('includes', 'daemon using ctl', 'daemon/log.c', '#include "daemon/ctl/list.h"\n', 6, 'canaryctl'),
    ('includes', 'ctl using aws', 'daemon/ctl/list.c', '#include "aws/sign.h"\n', 6, 'out of reach'),
    ('includes', 'ctl using sqlite', 'daemon/ctl/list.c', '#include <sqlite3.h>\n', 6, 'libsqlite3'),
    ('includes', 'an internal header', 'lib/codec/parse.c', '#include "core/step-internal.h"\n', 8, 'internal to core/'),
    ('includes', 'a relative include', 'lib/core/step.c', '#include "step.h"\n', 8, 'root of its layer'),
    ('includes', 'an absent header', 'lib/core/step.c', '#include "core/gone.h"\n', 8, 'does not exist'),
    ('includes', 'a header without its guard', 'lib/core/step.h', {'all': 'int step(int x);\n'}, 1, '#pragma once'),
    ('includes', 'the own header second', 'lib/core/step.c',
     {'all': '#include <string.h>\n\n#include "core/step.h"\n'}, 1, 'comes first'),
    ('includes', 'a system header last', 'lib/codec/parse.c', '#include <stdio.h>\n', 8, 'comes before'),
    ('includes', 'a cycle', 'lib/aws/sign.h', '#include "aws/sign.h"\n', 1, 'includes itself'),
    ('includes', 'a file outside of the layers', 'lib/misc.c', {'all': '\n'}, 1, 'in no layer'),
    ('mirror', 'a source without a test', 'lib/aws/uri.c', {'all': '\n'}, 1, 'tests/unit/aws/test-uri.c'),
    ('mirror', 'a test without a source', 'tests/unit/aws/test-gone.c', {'all': '\n'}, 1, 'no source file'),
    ('words', 'unfinished work', 'lib/core/step.c', '/* TO' 'DO: more */\n', 8, 'unfinished'),
    ('words', 'unfinished work in a test', 'tests/unit/core/test-step.c', '/* FIX' 'ME */\n', 4, 'unfinished'),
    ('words', 'a path of a machine', 'README.md', 'see /ho' 'me/me/x\n', 7, 'machine'),
    ('words', 'a fixed temporary file', 'daemon/log.c', '/* /t' 'mp/x */\n', 6, 'temporary'),
    ('words', 'a package registry', 'README.md', 'https://py' 'pi.org\n', 7, 'registry'),
    ('words', 'an address in a lock file', 'tests/peers/sdk/package-lock.json', {'all': '{\n"resolved": 1}\n'}, 2, 'address'),
    ('words', 'somebody\'s account', 'config/sample.yaml', 'x: arn:aws:iam::21098' '7654321:role/x\n', 2, 'account'),
    ('top', 'a file too many', 'Makefile', {'all': ''}, 1, 'does not belong'),
    ('top', 'a folder too many', 'src/x.c', {'all': ''}, 1, 'does not belong'),
    ('top', 'a file too few', 'README.md', None, 1, 'missing'),
    ('headers', 'a header that needs another', 'lib/core/step.h', 'uint8_t planted(void);\n', 1, 'uint8_t'),
    ('format', 'a wild indent', 'lib/core/step.c', '  int   x;\n', 8, 'clang-format'),
]
BANNED = ['strcpy(a, b)', 'strcat(a, b)', 'sprintf(a, b)', 'gets(a)', 'strtok(a, b)', 'atoi(a)',
          'strtol(a, b, 10)', 'system(a)', 'popen(a, b)', 'alloca(1)', 'basename(a)', 'dirname(a)',
          'usleep(1)', 'sleep(1)', 'localtime(a)', 'setlocale(1, a)', 'getenv(a)', 'exit(1)', 'time(NULL)',
          'clock_gettime(0, a)', 'malloc(1)', 'strdup(a)', 'goto out']
for call in BANNED:
    CASES.append(('banned', call, 'lib/core/step.c', C_FUNCTION.replace('BODY', call), 9, 'is banned'))
CASES.append(('banned', 'sleep in a test', 'tests/unit/core/test-step.c', C_FUNCTION.replace('BODY', 'sleep(1)'), 5,
              'is banned'))

# What must not be found: the same words where they do no harm.
INNOCENT = [
    ('banned', 'names in comments and strings', 'lib/core/step.c', '/* strcpy(a, b); goto x */\nconst char *s = "exit(1)";\n'),
    ('banned', 'names that contain a banned one', 'lib/core/step.c', C_FUNCTION.replace('BODY', 'runtime(x), p->time(x)')),
    ('banned', 'the environment in tests', 'tests/unit/core/test-step.c', C_FUNCTION.replace('BODY', 'getenv("X")')),
    ('size', 'a function at the limit', 'lib/base/alloc.c', LONG_FUNCTION.replace('        x++;\n' * 3, '')),
    ('mirror', 'an aspect tested with its noun', 'lib/core/step-back.c', 'int x;\n'),
    ('mirror', 'a test of an aspect', 'tests/unit/core/test-step-faults.c', '\n'),
    ('mirror', 'a test of a header', 'tests/unit/base/test-forward.c', '\n'),
    ('words', 'the example account', 'config/sample.yaml', 'x: arn:aws:iam::123456789012:role/x\n'),
    ('top', 'build directories and dot files', 'build-x/y', ''),
]

number = failures = 0


def report(ok, name, detail='', skip=None):
    global number, failures
    number += 1
    failures += not ok
    print(f'{"ok" if ok else "not ok"} {number} - {name}' + (f' # SKIP {skip}' if skip else ''))
    if not ok:
        for line in detail.splitlines():
            print(f'# {line}')
    sys.stdout.flush()


def run(name, *args):
    done = subprocess.run([sys.executable, os.path.join(HERE, f'check-{name}.py'), *args],
                          capture_output=True, text=True, check=False, timeout=100)
    return done.returncode, done.stdout + done.stderr


def write(root, path, text):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, 'w', encoding='utf-8') as f:
        f.write(text)


def grow(root, files=None):
    for path, text in (files or CLEAN).items():
        write(root, path, text)
    shutil.copy(os.path.join(REAL_ROOT, '.clang-format'), root)


class Planted:
    """The clean tree with one file changed, and back."""

    def __init__(self, root, path, change):
        self.root, self.path = root, path
        before = CLEAN.get(path)
        if change is None:
            os.unlink(os.path.join(root, path))
        elif isinstance(change, dict):
            write(root, path, change['all'])
        else:
            write(root, path, (before or '') + change)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.path in CLEAN:
            write(self.root, self.path, CLEAN[self.path])
            return
        os.unlink(os.path.join(self.root, self.path))
        folder = os.path.join(self.root, os.path.dirname(self.path))
        if folder != os.path.join(self.root, '') and not os.listdir(folder):
            os.rmdir(folder)


def test_sources(root):
    for name in ('size', 'banned', 'includes', 'mirror', 'words', 'top', 'headers', 'format'):
        status, output = run(name, root)
        skipped = output.strip() if status == 77 else None
        report(status in (0, 77), f'{name}: the clean tree', output, skipped)
    for name, what, path, change, line, words in CASES:
        with Planted(root, path, change):
            status, output = run(name, root)
        skipped = output.strip() if status == 77 else None
        place = path.split('/')[0] if name == 'top' else path
        hit = any(l.startswith(f'{place}:{line}: ') and words in l for l in output.splitlines())
        report(bool(skipped) or (status == 1 and hit), f'{name}: {what}',
               f'expected {path}:{line}: … {words}\n{status}: {output}', skipped)
    for name, what, path, change in INNOCENT:
        with Planted(root, path, change):
            status, output = run(name, root)
        report(status == 0, f'{name}: {what} is fine', output)


def archive(root, code, member='step'):
    write(root, f'{member}.c', code)
    target = os.path.join(root, 'libx.a')
    if os.path.exists(target):
        os.unlink(target)
    subprocess.run(['gcc', '-O0', '-c', f'{member}.c', '-o', f'{member}.c.o'], cwd=root, check=True)
    subprocess.run(['ar', 'rcs', target, f'{member}.c.o'], cwd=root, check=True)
    return target


def test_pure(root):
    good = '#include <math.h>\n#include <string.h>\nint f(char *a, double x) ' \
           '{ return log1p(x) > 1 && strlen(a) > 2; }\n'
    status, output = run('pure', archive(root, good))
    report(status == 0, 'pure: strings and mathematics are fine', output)
    printf = '#include <stdio.h>\nint f(char *a) { return snprintf(a, 8, "%p", (void *) a); }\n'
    for renderer in ('trace', 'sentence'):
        status, output = run('pure', archive(root, printf, renderer))
        report(status == 0, f'pure: snprintf in {renderer}.c is fine', output)
    status, output = run('pure', archive(root, printf))
    report(status == 1 and 'snprintf' in output, 'pure: snprintf elsewhere', output)
    for call, header in (('time(0)', 'time.h'), ('malloc(3) != 0', 'stdlib.h'), ('puts("x")', 'stdio.h'),
                         ('rand()', 'stdlib.h')):
        code = f'#include <{header}>\nlong f(void); long f(void) {{ return (long) ({call}); }}\n'
        status, output = run('pure', archive(root, code))
        name = call.split('(')[0]
        report(status == 1 and f'needs {name}' in output and 'step.c.o' in output, f'pure: {call}', output)


def test_help(root):
    def program(name, text, status=0):
        path = os.path.join(root, name)
        write(root, name, f'#!/bin/sh\ncat <<E\n{text}\nE\nexit {status}\n')
        os.chmod(path, 0o755)
        return path

    tree = os.path.join(root, 'help')
    grow(tree)
    daemon = program('canaryd', '  --config FILE\n  --help')
    ctl = program('canaryctl', '  list      all rollouts\n  --json')
    status, output = run('help', tree, daemon, ctl)
    report(status == 0 and '2 commands' in output, 'help: all there', output)
    for name, text, words in (('canaryd', '--configure', '--config'), ('canaryctl', '  list', '--json'),
                              ('canaryctl', '  status\n  --json', 'verb list')):
        one = program(name + '-x', text)
        status, output = run('help', tree, *((one, ctl) if name == 'canaryd' else (daemon, one)))
        report(status == 1 and words in output and 'README.md:' in output, f'help: {words} is missing', output)
    status, output = run('help', tree, program('canaryd-y', 'x', 3), ctl)
    report(status == 1, 'help: --help that fails', output)
    status, output = run('help', tree, daemon, os.path.join(root, 'absent'))
    report(status == 77, 'help: nothing built', output)


def test_tidy(root):
    tree, build = os.path.join(root, 'tidy'), os.path.join(root, 'tidy', 'build')
    grow(tree)
    source = os.path.join(tree, 'lib/core/step.c')
    write(build, 'compile_commands.json',
          f'[{{"directory": "{build}", "command": "cc -I{tree}/lib -c {source}", "file": "{source}"}}]')
    status, output = run('tidy', tree, build)
    skipped = output.strip() if status == 77 else None
    report(status in (0, 77), 'tidy: a clean file', output, skipped)
    status, output = run('tidy', tree, build)
    report(bool(skipped) or (status == 0 and '1 of them unchanged' in output), 'tidy: is not looked at twice', output,
           skipped)
    write(tree, 'lib/core/step.h', CLEAN['lib/core/step.h'] + '\n#define TWICE(x) x + x\n')
    status, output = run('tidy', tree, build)
    report(bool(skipped) or (status == 1 and 'lib/core/step.h:7: ' in output),
           'tidy: until one of its headers changes', output, skipped)


def main():
    with tempfile.TemporaryDirectory() as root:
        tree = os.path.join(root, 'tree')
        grow(tree)
        test_sources(tree)
        test_pure(os.path.join(root, 'pure'))
        test_help(root)
        test_tidy(root)
    print(f'1..{number}')
    sys.exit(failures > 0)


if __name__ == '__main__':
    main()
