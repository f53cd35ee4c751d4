#!/usr/bin/env python3
"""Small files, small functions: .c 500 lines, .h 250, a function's body 60. tests/lint/size-exceptions lists
the files that may be longer, each with its reason; it should stay empty."""

import re
import sys

sys.dont_write_bytecode = True
import lint

LIMITS = {'.c': 500, '.h': 250, '.py': 500, '.sh': 500}
FUNCTION_MAX = 60
EXCEPTIONS = 'tests/lint/size-exceptions'


def read_exceptions(root, report):
    excused = {}
    try:
        lines = lint.read(root, EXCEPTIONS).splitlines()
    except FileNotFoundError:
        return excused
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith('#'):
            continue
        path, _, reason = line.partition(':')
        if not reason.strip():
            report.add(EXCEPTIONS, number, f'"{path}" has no reason, write "FILE: REASON"')
        excused[path.strip()] = number
    return excused


def functions(text):
    """(name, first line, lines of the body, braces included) of each function of a C file."""
    code = lint.blank(text)
    # Preprocessor lines, continuations included, may hold unbalanced braces.
    code = re.sub(r'(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', lambda m: re.sub(r'[^\n]', ' ', m.group(0)), code)
    depth, head, opened, name = 0, 0, 0, None
    for match in re.finditer(r'[{};]', code):
        at = match.start()
        if match.group(0) == '{':
            if depth == 0:
                before = code[head:at].strip()
                called = re.search(r'(\w+)\s*\((?:[^()]|\([^()]*\))*\)\s*$', before)
                name = called.group(1) if called and '=' not in before else None
                if called and name == 'TEST':
                    name = before
                opened = at
            depth += 1
        elif match.group(0) == '}':
            depth = max(0, depth - 1)
            if depth == 0:
                if name:
                    yield name, lint.line_of(code, opened), code.count('\n', opened, at) + 1
                head = at + 1
        elif depth == 0:
            head = at + 1


def main():
    root = lint.root_from_argv()
    report = lint.Report(root)
    excused = read_exceptions(root, report)
    paths = lint.sources(root, *LIMITS)
    for path in paths:
        text = lint.read(root, path)
        lines = text.count('\n')
        limit = LIMITS[path[path.rindex('.'):]]
        findings = []
        if lines > limit:
            findings.append((lines, f'{lines} lines, the limit is {limit}: split it along the axis that grows'))
        if path.endswith(('.c', '.h')):
            for name, line, length in functions(text):
                if length > FUNCTION_MAX:
                    findings.append((line, f'{name} has {length} lines, the limit is {FUNCTION_MAX}'))
        if path in excused:
            if not findings:
                report.add(EXCEPTIONS, excused[path], f'{path} keeps to the limits, drop it from the list')
            del excused[path]
            continue
        for line, what in findings:
            report.add(path, line, what)
    for path, number in excused.items():
        report.add(EXCEPTIONS, number, f'{path} does not exist')
    report.finish(f'{len(paths)} files')


if __name__ == '__main__':
    main()
