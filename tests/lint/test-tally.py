#!/usr/bin/env python3
"""The last line of tests/check.sh is only as good as what counts it. TAP."""

import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TALLY = os.path.join(os.path.dirname(HERE), 'lib', 'tally.py')


def entry(result, stdout='', returncode=0, stderr=''):
    return {'name': 'x', 'result': result, 'stdout': stdout, 'stderr': stderr, 'returncode': returncode}


# (what, tests, meson's status, last line, words that must be there)
CASES = [
    ('points of TAP count', [entry('OK', '1..2\nok 1 - a\nok 2 - b\n')], 0, '2 passed, 0 failed', ''),
    ('the plan may come last', [entry('OK', 'ok 1 - a\n1..1\n')], 0, '1 passed, 0 failed', ''),
    ('a program without TAP is one', [entry('OK', 'check-size.py: ok (3 files)\n')], 0, '1 passed, 0 failed', ''),
    ('a failed point', [entry('ERROR', '1..2\nok 1 - a\n# why\nnot ok 2 - b\n', 1)], 1,
     '1 passed, 1 failed', '# why'),
    ('a crash behind good points', [entry('ERROR', '1..3\nok 1 - a\n', -11)], 1, '1 passed, 1 failed', 'status -11'),
    ('a failed program', [entry('FAIL', 'file.c:3: bad\n', 1, 'and this\n')], 1, '0 passed, 1 failed', 'and this'),
    ('a timeout', [entry('TIMEOUT', '', -15)], 1, '0 passed, 1 failed', 'TIMEOUT'),
    ('a skipped point', [entry('OK', '1..2\nok 1 - a\nok 2 - b # SKIP no tool\n')], 0,
     '1 passed, 0 failed, 1 skipped', 'skipped x b: no tool'),
    ('a skipped TAP program', [entry('SKIP', '1..0 # SKIP not here\n')], 0, '0 passed, 0 failed, 1 skipped',
     'skipped x: not here'),
    ('a skipped program', [entry('SKIP', 'first\nno compiler\n', 77)], 0, '0 passed, 0 failed, 1 skipped',
     'skipped x: no compiler'),
    ('meson that fails by itself', [entry('OK')], 2, '1 passed, 1 failed', 'ended 2'),
    ('no test at all', [], 0, '0 passed, 1 failed', 'after 0 tests'),
]


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (what, tests, status, last, words) in enumerate(CASES, 1):
            log = os.path.join(folder, f'log{number}')
            with open(log + '.json', 'w', encoding='utf-8') as f:
                f.writelines(json.dumps(t) + '\n' for t in tests)
            with open(log + '.status', 'w', encoding='utf-8') as f:
                f.write(f'{status}\n')
            done = subprocess.run([sys.executable, TALLY, log], capture_output=True, text=True, check=False)
            expected = 1 if ', 0 failed' not in last else 0
            ok = done.stdout.splitlines()[-1:] == [last] and words in done.stdout and done.returncode == expected
            failures += not ok
            print(f'{"ok" if ok else "not ok"} {number} - {what}')
            if not ok:
                print('\n'.join(f'# {line}' for line in (done.stdout + done.stderr).splitlines()))
    print(f'1..{len(CASES)}')
    sys.exit(failures > 0)


if __name__ == '__main__':
    main()
