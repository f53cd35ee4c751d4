#!/usr/bin/env python3
"""The layers, as a table: who may include what. Also: includes are spelled from the layer's root, a .c file
includes its own header first, then <system>, then "project" headers; headers begin with #pragma once; no
cycles."""

import os
import re
import sys

sys.dont_write_bytecode = True
import lint

LIBRARIES = {'yaml.h': 'libyaml', 'expat.h': 'libexpat', 'json-c/': 'json-c', 'json.h': 'json-c', 'json_': 'json-c', 'openssl/': 'libcrypto', 'curl/': 'libcurl',
             'systemd/': 'libsystemd', 'sqlite3.h': 'libsqlite3', 'microhttpd.h': 'libmicrohttpd'}

PURE_SYSTEM = {'assert.h', 'errno.h', 'float.h', 'inttypes.h', 'limits.h', 'math.h', 'stdbool.h', 'stddef.h',
               'stdint.h', 'string.h', 'sys/types.h'}

# Patterns of "project" headers, and the libraries whose <headers> may be used. The longest folder wins.
LAYERS = {
    'lib/base': (['base/'], []),
    'lib/core': (['core/', 'base/forward.h', 'base/macro.h', 'base/usec.h', 'base/prng.h', 'base/fingerprint.h'], []),
    'lib/codec': (['base/', 'core/', 'codec/'], ['libyaml', 'json-c']),
    'lib/aws': (['base/', 'aws/'], ['libcrypto', 'json-c', 'libexpat']),
    'daemon': (['base/', 'core/', 'codec/', 'aws/', 'daemon/'], ['libsystemd', 'libcurl', 'libsqlite3']),
    'daemon/ctl': (['base/', 'core/', 'codec/', 'aws/digest.h', 'daemon/ctl/', 'daemon/bus-names.h', 'daemon/clock.h',
                    'daemon/aws-env.h', 'daemon/exec.h', 'daemon/log.h'], ['libsystemd']),
}

# Made by the build.
GENERATED = {'daemon/build-config.h'}

# Rendering text is string work with no other effect: these two may use vsnprintf() and its like.
RENDERERS = {'lib/core/trace.c', 'lib/core/sentence.c'}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def layer_of(path):
    return max((l for l in LAYERS if path.startswith(l + '/')), key=len, default=None)


def resolve(root, name):
    for base in ('lib', '.'):
        path = os.path.normpath(os.path.join(base, name))
        if os.path.exists(os.path.join(root, path)):
            return path
    return None


def check_system(report, path, line, name, layer):
    library = next((l for prefix, l in LIBRARIES.items() if name.startswith(prefix)), None)
    if library and library not in LAYERS[layer][1]:
        report.add(path, line, f'<{name}> belongs to {library}, which {layer} does not use')
    elif layer == 'lib/core' and name not in PURE_SYSTEM and not (
            name in ('stdio.h', 'stdarg.h') and path in RENDERERS):
        report.add(path, line, f'<{name}> in lib/core, which is pure: no I/O, clock or allocation')


def check_project(report, path, line, name, layer):
    if '/' not in name or name.startswith('.'):
        report.add(path, line, f'"{name}" is not spelled from the root of its layer, like "base/macro.h"')
        return
    if not any(name == p or (p.endswith('/') and name.startswith(p)) for p in LAYERS[layer][0]):
        report.add(path, line, f'"{name}" is out of reach for {layer}')
    # ctl is a program of its own beside the daemon.
    if layer == 'daemon' and name.startswith('daemon/ctl/'):
        report.add(path, line, f'"{name}" belongs to canaryctl')
    if name.endswith('-internal.h'):
        folder = os.path.dirname(name)
        if os.path.dirname(re.sub(r'^lib/', '', path)) != folder:
            report.add(path, line, f'"{name}" is internal to {folder}/')
    if name not in GENERATED and not resolve(report.root, name):
        report.add(path, line, f'"{name}" does not exist')


def check_order(report, path, includes):
    own = re.sub(r'^lib/', '', path)[:-2] + '.h'
    rest = includes
    if any(name == own for _, _, name in includes):
        if includes[0][2] != own:
            report.add(path, includes[0][0], f'the file\'s own header "{own}" comes first')
        rest = [i for i in includes if i[2] != own]
    project = False
    for line, kind, name in rest:
        if kind == '"':
            project = True
        elif project:
            report.add(path, line, f'<{name}> comes before the "project" headers')


def check_cycles(report, graph):
    done, stack = set(), []

    def walk(path):
        if path in stack:
            report.add(path, 1, 'includes itself: ' + ' -> '.join(stack[stack.index(path):] + [path]))
            return
        if path in done:
            return
        stack.append(path)
        for other in graph.get(path, []):
            walk(other)
        stack.pop()
        done.add(path)

    for path in graph:
        walk(path)


def main():
    root = lint.root_from_argv()
    report = lint.Report(root)
    paths = lint.sources(root, '.c', '.h', under=('lib', 'daemon'))
    graph = {}
    for path in paths:
        layer = layer_of(path)
        text = lint.blank(lint.read(root, path), strings=False)
        if not layer:
            report.add(path, 1, 'is in no layer, see the table in tests/lint/check-includes.py')
            continue
        includes = [(lint.line_of(text, m.start()), m.group(1), m.group(2)) for m in INCLUDE.finditer(text)]
        for line, kind, name in includes:
            (check_system if kind == '<' else check_project)(report, path, line, name, layer)
        if path.endswith('.c'):
            check_order(report, path, includes)
        else:
            graph[path] = [p for p in (resolve(root, n) for _, k, n in includes if k == '"') if p]
            if not text.lstrip().startswith('#pragma once'):
                report.add(path, 1, 'does not begin with #pragma once')
    check_cycles(report, graph)
    report.finish(f'{len(paths)} files')


if __name__ == '__main__':
    main()
