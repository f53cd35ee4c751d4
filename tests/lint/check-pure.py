#!/usr/bin/env python3
"""lib/core decides and does nothing else: what its archive needs from outside is on this list, or the brain
has grown hands. `check-pure.py ARCHIVE`."""

import re
import subprocess
import sys

sys.dont_write_bytecode = True
import lint

ANYWHERE = re.compile('|'.join((
    r'mem(cpy|move|set|cmp|chr)', r'str(n?cmp|n?casecmp|len|nlen|r?chr|str|spn|cspn)',
    r'(log|log1p|log2|log10|exp|expm1|exp2|sqrt|fabs|floor|ceil|round|lround|llround|trunc|pow|fmin|fmax|'
    r'fmod|ldexp|frexp|isfinite|lgamma_r|erfc?|nearbyint|rint)f?',
    r'__(finite|isinf|isnan|fpclassify|signbit)f?', r'__\w+_finite',
    r'__assert_fail', r'__stack_chk_fail', r'__(mem|str)\w+_chk',
    r'__[atu]san_\w+', r'__ubsan_\w+', r'__gcov_\w+', r'__llvm_\w+', r'__sanitizer_\w+', r'_GLOBAL_OFFSET_TABLE_',
)) + r'\Z')
# Rendering text is string work with no other effect.
IN_RENDERERS = re.compile(r'(v?snprintf|__v?snprintf_chk)\Z')


def symbols(archive, *options):
    """(member, name) of each symbol."""
    text = subprocess.run(['nm', *options, archive], capture_output=True, text=True, check=True).stdout
    member = ''
    for line in text.splitlines():
        if line.endswith(':'):
            member = line[:-1]
        elif line.strip():
            yield member, line.split()[-1]


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: check-pure.py ARCHIVE')
    archive = sys.argv[1]
    report = lint.Report('.')
    own = {name for _, name in symbols(archive, '--defined-only', '-g')}
    needed = [(member, name) for member, name in symbols(archive, '-u') if name not in own]
    for member, name in needed:
        renders = re.search(r'(^|[^\w-])(trace|sentence)\.c\.o$', member)
        if ANYWHERE.match(name) or (renders and IN_RENDERERS.match(name)):
            continue
        report.add(member, 0, f'needs {name}, which lib/core may not use: it is pure')
    report.finish(f'{len({name for _, name in needed})} outside symbols')


if __name__ == '__main__':
    main()
