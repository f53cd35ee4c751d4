#!/usr/bin/env python3
"""Each source file has its test, in the mirrored place under the same name: lib/base/buf.c is tested by
tests/unit/base/test-buf.c. A file that holds one aspect of a noun may be tested together with it: rollout-bake.c by
test-rollout.c. And each unit test has its source: test-NAME.c or test-NAME-ASPECT.c."""

import os
import re
import sys

sys.dont_write_bytecode = True
import lint

# file -> why it has no unit test of its own. A file that gets one must leave this table.
EXCEPTIONS = {
    'daemon/main.c': 'start-up and nothing else; every test of canaryd in tests/integration runs it',
    'daemon/ctl/main.c': 'a main(), run by tests/integration/test-ctl.sh',
}


# Tests of a whole layer under one condition.
LAYER_WIDE = {'test-oom'}


def test_of(path):
    """lib/base/x.c -> tests/unit/base/test-x.c, daemon/x.c -> tests/unit/daemon/test-x.c."""
    folder, name = os.path.split(re.sub(r'^lib/', '', path))
    return f'tests/unit/{folder}/test-{name}'


def tests_of(path):
    """All places where the test of path may stand, the best one first."""
    folder, name = os.path.split(test_of(path))
    stem = name[:-len('.c')]
    places = [os.path.join(folder, name)]
    while stem.count('-') > 1:
        stem = stem.rpartition('-')[0]
        places.append(os.path.join(folder, stem + '.c'))
    return places


def main():
    root = lint.root_from_argv()
    report = lint.Report(root)
    paths = lint.sources(root, '.c', '.h', under=('lib', 'daemon'))
    tests = lint.sources(root, '.c', under=('tests/unit',))
    wanted = 0
    for path in (p for p in paths if p.endswith('.c')):
        wanted += 1
        has_test = any(place in tests for place in tests_of(path))
        if path in EXCEPTIONS and has_test:
            report.add(path, 1, f'has a test now: drop it from the exceptions of {os.path.basename(__file__)}')
        elif path not in EXCEPTIONS and not has_test:
            report.add(path, 1, f'has no {" or ".join(tests_of(path))}')
    for path in EXCEPTIONS:
        if path not in paths and root == lint.DEFAULT_ROOT:
            report.add(path, 1, f'does not exist: drop it from the exceptions of {os.path.basename(__file__)}')
    stems = {os.path.splitext(test_of(path))[0] for path in paths}
    for test in tests:
        stem = os.path.splitext(test)[0]
        if os.path.basename(stem) not in LAYER_WIDE and os.path.basename(test).startswith('test-') and not any(
                stem == s or stem.startswith(s + '-') for s in stems):
            report.add(test, 1, 'tests no source file of that name')
    report.finish(f'{wanted} sources, {len(tests)} tests')


if __name__ == '__main__':
    main()
