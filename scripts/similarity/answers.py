"""The different answers of a real model to the tasks of a suite, from published samples.

python3 scripts/similarity/answers.py SUITE.jsonl[.gz] SAMPLES.jsonl > ANSWERS.jsonl

SAMPLES are those of github.com/microsoft/CodeT, CodeT/data/generated_data/HumanEval_codegen16B_..._code_solution.jsonl:
a prompt and 100 completions a line. Its prompts are not the suite's, letter for letter, so a task is known by the name of
its function, and tasks that share a name are left out. A completion ends where CodeT's own evaluation ends it. Whether an
answer is right is for its task's tests to say (`batcoder bench similarity --suite SUITE --answers ANSWERS`).
"""

import collections
import gzip
import json
import re
import sys

STOPS = ["\nclass", "\ndef", "\n#", "\nif", "\nprint"]


def lines(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def cut(completion):
    return completion[: min((completion.find(stop) for stop in STOPS if stop in completion), default=None)]


def main():
    suite, samples = sys.argv[1:]
    tasks = collections.defaultdict(list)
    for task in lines(suite):
        tasks[task["entry_point"]].append(task)
    for each in lines(samples):
        name = re.findall(r"^def (\w+)\(", each["prompt"], re.M)[-1]
        if len(tasks[name]) != 1:
            continue
        task = tasks[name][0]
        programs = list(dict.fromkeys(task["prompt"] + cut(completion) for completion in each["samples"]))
        for program in programs:
            print(json.dumps({"task_id": task["task_id"], "solution": program}))


main()
