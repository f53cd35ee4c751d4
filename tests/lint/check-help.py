#!/usr/bin/env python3
"""What the documents tell people to type exists: options and verbs in README.md, CONTRIBUTING.md, the unit and
the sample files are in --help. `check-help.py ROOT CANARYD CANARYCTL`."""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import lint

DOCUMENTS = ('.md', '.service.in', '.yaml')
PROGRAMS = ('canaryd', 'canaryctl')
# "canaryctl status checkout@1" inside `code` or at a prompt; prose such as "canaryctl is" is not a command.
COMMAND = re.compile(r'(?:^|[`$/@])\s*(canaryd|canaryctl)((?:[ \t]+[^\s`|;&)]+)+)')


def help_of(program):
    done = subprocess.run([program, '--help'], capture_output=True, text=True, check=False, timeout=20,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout


def commands(root):
    for path in lint.sources(root, *DOCUMENTS):
        if path.startswith('tests/'):
            continue
        fenced = not path.endswith('.md')
        for number, line in enumerate(lint.read(root, path).splitlines(), 1):
            if line.lstrip().startswith('```'):
                fenced = not fenced
                continue
            for match in COMMAND.finditer(line):
                if match.group(0)[0] not in '`$/@' and not fenced:
                    continue
                if not fenced or match.group(0).lstrip()[0] in '`$/@' or path.endswith('.md'):
                    yield path, number, match.group(1), match.group(2).split()


def main():
    root = lint.root_from_argv()
    report = lint.Report(root)
    programs = dict(zip(PROGRAMS, sys.argv[2:]))
    texts = {}
    for name in PROGRAMS:
        if name not in programs or not os.path.exists(programs[name]):
            lint.skip(f'{name} is not built')
        status, texts[name] = help_of(programs[name])
        if status != 0 or not texts[name].strip():
            report.add(name, 0, f'--help ends {status} and says {len(texts[name])} bytes')
    seen = 0
    for path, number, program, words in commands(root):
        seen += 1
        for word in words:
            option = re.match(r'--[a-z][a-z-]*', word)
            if option and not re.search(re.escape(option.group(0)) + r'(?![\w-])', texts[program]):
                report.add(path, number, f'{program} --help does not list {option.group(0)}')
        if program == 'canaryctl':
            verb = next((w for w in words if not w.startswith('-')), None)
            if verb and re.fullmatch(r'[a-z][a-z-]*', verb) and not re.search(
                    r'(?m)^\s+' + re.escape(verb) + r'(?![\w-])', texts[program]):
                report.add(path, number, f'canaryctl --help does not list the verb {verb}')
    report.finish(f'{seen} commands in the documents')


if __name__ == '__main__':
    main()
