#!/usr/bin/env python3
"""Functions that have no business here, or in one file only."""

import re
import sys

sys.dont_write_bytecode = True
import lint

UNBOUNDED = 'writes without a bound: use str_copy() or a Buf'
NUMBERS = 'hides errors and follows the locale: use str_parse_u64() or str_parse_decimal()'
SHELL = 'starts a shell'
MEMORY = 'goes around base/alloc.h, where tests make allocations fail'
BLOCKS = 'blocks the event loop, and makes tests slow or flaky'
STATE = 'keeps hidden static state'
CLOCK = 'reads the clock: time is an argument, and daemon/clock.c is where it comes from'
ENVIRONMENT = 'reads the environment: options and credentials only'

BANNED = {
    'strcpy': UNBOUNDED, 'strcat': UNBOUNDED, 'stpcpy': UNBOUNDED, 'sprintf': UNBOUNDED,
    'vsprintf': UNBOUNDED, 'gets': UNBOUNDED,
    'strncpy': 'may leave the copy without its NUL: use str_copy()',
    'strncat': 'counts the wrong end: use str_copy() or a Buf',
    'strtok': STATE, 'strtok_r': 'changes its input and merges empty fields',
    'atoi': NUMBERS, 'atol': NUMBERS, 'atoll': NUMBERS, 'atof': NUMBERS,
    'strtol': NUMBERS, 'strtoll': NUMBERS, 'strtoul': NUMBERS, 'strtoull': NUMBERS, 'strtod': NUMBERS,
    'sscanf': NUMBERS,
    'system': SHELL, 'popen': SHELL,
    'alloca': 'takes memory from the stack without a limit', 'strdupa': 'is alloca() in disguise',
    'basename': 'exists twice, with different rules', 'dirname': 'may change its input',
    'usleep': BLOCKS, 'sleep': BLOCKS, 'nanosleep': BLOCKS,
    'localtime': 'depends on the time zone: times are UTC, see base/timefmt.h',
    'localtime_r': 'depends on the time zone: times are UTC, see base/timefmt.h',
    'mktime': 'depends on the time zone: times are UTC, see base/timefmt.h',
    'gmtime': STATE, 'ctime': STATE, 'asctime': STATE, 'strerror_r': 'exists twice, with different rules',
    'setlocale': 'makes the format of numbers depend on the environment',
    'rand': 'is hidden state: use base/prng.h', 'random': 'is hidden state: use base/prng.h',
    'mktemp': 'races', 'tmpnam': 'races',
    'malloc': MEMORY, 'calloc': MEMORY, 'realloc': MEMORY, 'reallocarray': MEMORY,
    'strdup': MEMORY, 'strndup': MEMORY, 'asprintf': MEMORY, 'vasprintf': MEMORY,
    'getenv': ENVIRONMENT, 'secure_getenv': ENVIRONMENT,
    'time': CLOCK, 'clock_gettime': CLOCK, 'gettimeofday': CLOCK,
    'sd_event_now': CLOCK,
    'exit': 'only main() ends the program', 'abort': 'use assert() for our own bugs',
}

# Tests are free to do these: they fake the environment, take the time and fail allocations on purpose.
FREE_IN_TESTS = {'getenv', 'secure_getenv', 'time', 'clock_gettime', 'gettimeofday', 'sd_event_now', 'exit',
                 'abort', 'malloc', 'calloc', 'realloc', 'reallocarray', 'strdup', 'strndup', 'asprintf',
                 'vasprintf', 'sscanf'}

# file -> {function: reason}
EXCEPTIONS = {
    'lib/base/alloc.c': {name: 'this is the one seam' for name in ('malloc', 'calloc', 'realloc')},
    'daemon/options.c': {'getenv': 'the environment is an option like any other'},
    'daemon/ctl/options.c': {'getenv': 'the same for canaryctl: NO_COLOR, COLUMNS, TERM'},
    'daemon/aws-env.c': {'getenv': 'what the AWS CLI reads from there'},
    'daemon/clock.c': {'clock_gettime': 'the one clock helper', 'time': 'the one clock helper',
                       'sd_event_now': 'the one clock helper'},
    'daemon/main.c': {'exit': 'main'},
    'daemon/ctl/main.c': {'exit': 'main'},
}

CALL = re.compile(r'(?<![\w.])(?<!->)(' + '|'.join(sorted(BANNED)) + r')\s*\(')
GOTO = re.compile(r'\bgoto\b')


def main():
    root = lint.root_from_argv()
    report = lint.Report(root)
    paths = lint.sources(root, '.c', '.h')
    for path in paths:
        code = lint.blank(lint.read(root, path))
        in_tests = path.startswith('tests/')
        allowed = EXCEPTIONS.get(path, {})
        for match in CALL.finditer(code):
            name = match.group(1)
            if name in allowed or (in_tests and name in FREE_IN_TESTS):
                continue
            report.add(path, lint.line_of(code, match.start()), f'{name}() is banned: it {BANNED[name]}'
                       if not BANNED[name].startswith(('use ', 'only ')) else
                       f'{name}() is banned: {BANNED[name]}')
        for match in GOTO.finditer(code):
            report.add(path, lint.line_of(code, match.start()),
                       'goto is banned: cleanup attributes make return safe anywhere')
    report.finish(f'{len(paths)} files')


if __name__ == '__main__':
    main()
