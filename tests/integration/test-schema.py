#!/usr/bin/env python3
"""The schema that editors use and the parser that decides agree: both take every good plan, and what the parser refuses,
the schema refuses as well, save what no schema can say. TAP. test-schema.py CANARYCTL SCHEMA PLANS EXAMPLES"""

import json
import os
import re
import subprocess
import sys

import jsonschema
import yaml

NO_TREE = 'the tree that a schema sees does not show it'
COMPARED = 'values are compared with each other'
SUM = 'durations have to be added up'
COUNT = 'it has to be worked out how many steps or targets there are'
OUTSIDE = 'it depends on what is no part of the file: its name, the calendar, the time zones of the host'

# Bad plans that the schema takes, each for its reason. One that it refuses must leave this table.
BEYOND = {
    'alarm-name-twice': COMPARED,
    'check-name-twice': COMPARED,
    'deadline-default-too-short': SUM,
    'deadline-too-short': SUM,
    'duplicate-key': NO_TREE,
    'duplicate-key-in-a-step': NO_TREE,
    'every-too-long': SUM,
    'every-too-short': SUM,
    'format-fraction': NO_TREE,
    'from-equals-to': COMPARED,
    'function-arn-other-region': COMPARED,
    'hold-eleven-years': SUM,
    'max-blind-default-short': SUM,
    'max-blind-short': SUM,
    'max-leading-zero': NO_TREE,
    'min-requests-leading-zero': NO_TREE,
    'name from file!': OUTSIDE,
    'not-before-no-day': OUTSIDE,
    'period-odd': SUM,
    'period-too-long': SUM,
    'settled-after-too-long': SUM,
    'step-after-100': COMPARED,
    'strategy-deadline': SUM,
    'strategy-exponential-too-many': COUNT,
    'strategy-linear-too-fine': COUNT,
    'targets-arn-of-another-region': COMPARED,
    'targets-publish-two-codes': COMPARED,
    'targets-same-version': COMPARED,
    'targets-same-version-for-all': COMPARED,
    'targets-twice': COMPARED,
    'targets-twice-by-arn': COMPARED,
    'text-bom': NO_TREE,
    'text-lone-cr': NO_TREE,
    'to-leading-zero': NO_TREE,
    'wave-name-twice': COMPARED,
    'waves-deadline': SUM,
    'waves-same-alias-in-two': COMPARED,
    'waves-too-many-targets': COUNT,
    'weights-fall': COMPARED,
    'weights-same': COMPARED,
    'window-as-long-as-the-steps': SUM,
    'window-days-twice': COMPARED,
    'window-shorter-than-the-steps': SUM,
    'window-zone-folder': OUTSIDE,
    'window-zone-summer': OUTSIDE,
    'window-zone-unknown': OUTSIDE,
    'yaml-alias': NO_TREE,
    'yaml-anchor': NO_TREE,
    'yaml-tag': NO_TREE,
}


class Loader(yaml.SafeLoader):
    """The types of YAML 1.2 that editors see: no dates, no "yes", no numbers to the base of sixty."""

    yaml_implicit_resolvers = {}


for tag, pattern, first in (('null', r'~|null|Null|NULL|', ['~', 'n', 'N', '']),
                            ('bool', r'true|True|TRUE|false|False|FALSE', list('tTfF')),
                            ('int', r'[-+]?[0-9]+', list('-+0123456789')),
                            ('float', r'[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?', list('-+.0123456789'))):
    Loader.add_implicit_resolver('tag:yaml.org,2002:' + tag, re.compile(f'^(?:{pattern})$'), first)
Loader.add_constructor('tag:yaml.org,2002:int', lambda loader, node: int(node.value))
Loader.add_constructor('tag:yaml.org,2002:float', lambda loader, node: float(node.value))


def load(path):
    """None: no YAML that anybody could hold against a schema."""
    try:
        with open(path, encoding='utf-8') as f:
            return [yaml.load(f, Loader)]
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        return None


def plans(folder):
    return sorted(name[:-len('.yaml')] for name in os.listdir(folder) if name.endswith('.yaml'))


class Points:
    def __init__(self):
        self.n = self.failed = 0

    def check(self, good, name, why=''):
        self.n += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.n} - {name}')
        if not good and why:
            print('# ' + str(why).replace('\n', '\n# '))


def accepted(canaryctl, paths):
    """Those of the files that the parser takes."""
    out = subprocess.run([canaryctl, 'validate', '--json', *paths], capture_output=True, text=True, check=False).stdout
    return {entry['file'] for entry in json.loads(out)['files'] if entry['ok']}


def main():
    canaryctl, schema_path, folder, examples = sys.argv[1:]
    with open(schema_path, encoding='utf-8') as f:
        schema = json.load(f)
    points = Points()
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    for where in (os.path.join(folder, 'good'), examples):
        paths = {name: os.path.join(where, name + '.yaml') for name in plans(where)}
        taken = accepted(canaryctl, paths.values())
        for name, path in paths.items():
            tree = load(path)
            error = 'no YAML' if tree is None else jsonschema.exceptions.best_match(validator.iter_errors(tree[0]))
            points.check(path in taken, f'the parser takes {name}')
            points.check(error is None, f'the schema takes {name}', error and getattr(error, 'message', error))
    bad = {name: os.path.join(folder, 'bad', name + '.yaml') for name in plans(os.path.join(folder, 'bad'))}
    taken = accepted(canaryctl, bad.values())
    for name, path in bad.items():
        tree = load(path)
        takes = tree is not None and validator.is_valid(tree[0])
        points.check(path not in taken, f'the parser refuses {name}')
        points.check(takes == (name in BEYOND), f'the schema {"takes" if name in BEYOND else "refuses"} {name}',
                     'drop it from BEYOND' if name in BEYOND else 'a rule is missing in the schema')
    for name in sorted(set(BEYOND) - bad.keys()):
        points.check(False, f'{name} is there', 'drop it from BEYOND')
    print(f'1..{points.n}')
    sys.exit(points.failed > 0)


if __name__ == '__main__':
    main()
