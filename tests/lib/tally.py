#!/usr/bin/env python3
"""Sums up what `meson test` left in LOG.json, LOG.status and LOG.out, for each LOG that is named: failures in
full, skipped tests with their reason, and at the end
"N passed, N failed, N skipped". Each TAP point counts; a program that does not speak TAP counts as one."""

import json
import os
import re
import sys

POINT = re.compile(r'^(not )?ok\b(?:[ \t]+\d+)?(?:[ \t]*-)?[ \t]*(.*)$')
SKIP = re.compile(r'#\s*skip\S*\s*(.*)$', re.I)
NOTHING_PLANNED = re.compile(r'^1\.\.0\b\s*(.*)$')
OUTPUT_MAX = 40000


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.reasons = []

    def skip(self, name, reason):
        self.skipped += 1
        self.reasons.append(f'{name}: {reason or "no reason given"}')

    def points(self, name, stdout):
        """Counts the TAP points of one program; returns how many failed."""
        failed = 0
        for line in stdout.splitlines():
            point = POINT.match(line)
            if not point:
                continue
            reason = SKIP.search(point.group(2))
            if point.group(1):
                failed += 1
            elif reason:
                self.skip(f'{name} {point.group(2)[:reason.start()].strip()}', reason.group(1).strip())
            else:
                self.passed += 1
        self.failed += failed
        return failed

    def test(self, test, log):
        name, result = test['name'], test['result']
        stdout, stderr = test.get('stdout') or '', test.get('stderr') or ''
        is_tap = re.search(r'(?m)^(1\.\.\d+|(not )?ok \d+)', stdout) is not None
        if result == 'SKIP':
            planned = next((m for m in map(NOTHING_PLANNED.match, stdout.splitlines()) if m), None)
            if is_tap and not planned:
                self.points(name, stdout)
            elif planned:
                self.skip(name, planned.group(1).lstrip('# ').removeprefix('SKIP').strip())
            else:
                self.skip(name, (stdout + stderr).strip().splitlines()[-1:] and
                          (stdout + stderr).strip().splitlines()[-1])
            return
        failed = self.points(name, stdout) if is_tap else 0
        if result in ('OK', 'EXPECTEDFAIL') and failed == 0:
            self.passed += not is_tap
            return
        # A program may end badly although each point so far was fine.
        self.failed += failed == 0
        print(f'\nFAILED {name} ({os.path.dirname(os.path.dirname(log))}, {result}, '
              f'status {test.get("returncode")})')
        for text in (stdout, stderr):
            if text.strip():
                print(text.rstrip()[-OUTPUT_MAX:])


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read()
    except OSError:
        return ''


def main():
    tally = Tally()
    for log in sys.argv[1:]:
        before = tally.failed
        tests = [json.loads(line) for line in read(log + '.json').splitlines() if line.strip()]
        for test in tests:
            tally.test(test, log)
        # Meson itself may have failed, or stopped half way.
        if not tests or (tally.failed == before and read(log + '.status').strip() != '0'):
            print(f'\nFAILED {log}: meson test ended {read(log + ".status").strip() or "early"} '
                  f'after {len(tests)} tests\n{read(log + ".out")[-OUTPUT_MAX:]}')
            tally.failed += 1
    for reason in tally.reasons:
        print(f'skipped {reason}')
    print(f'{tally.passed} passed, {tally.failed} failed' + (f', {tally.skipped} skipped' if tally.skipped else ''))
    sys.exit(tally.failed > 0)


if __name__ == '__main__':
    main()
