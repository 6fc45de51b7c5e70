"""Breaches of the workflows' rules: what is right, what is wrong, and what is said of it."""

from __future__ import annotations

BREACHES = {
    "an input in a script": (
        "run: exec scripts/shard work",
        "run: exec scripts/shard work ${{ inputs.model }}",
        "an expression is part of a script",
    ),
    "a command without exec": (
        "run: exec .venv/bin/waa-matrix supervise",
        "run: .venv/bin/waa-matrix supervise",
        "does not exec what may take long",
    ),
    "a command in the middle of a script": (
        "run: exec .venv/bin/waa-matrix provision",
        "run: |\n          .venv/bin/waa-matrix provision\n          true",
        "does not exec what may take long",
    ),
    "rights at the top": ("permissions: {}", "permissions: write-all", "at the top are not empty"),
    "a tag instead of a commit": (
        "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
        "@v7",
        "not pinned to a commit",
    ),
    "an identity on the fleet": (
        "    permissions:\n      contents: read\n    strategy:",
        "    permissions:\n      contents: read\n      id-token: write\n    strategy:",
        "a job on the fleet may read contents, and no more",
    ),
    "no timeout": ("    timeout-minutes: 45\n", "", "report: no timeout-minutes"),
    "one lost shard cancels the rest": ("fail-fast: false", "fail-fast: true", "fail-fast"),
    "a secret in an output": (
        "label: ${{ steps.provision.outputs.label }}",
        "label: ${{ secrets.WAA_MATRIX_GITHUB_TOKEN }}",
        "output label is not a step's own",
    ),
    "a token left in the checkout": (
        "persist-credentials: false",
        "persist-credentials: true",
        "keeps the token in the checkout",
    ),
    "an option that is not there": (
        "WAA_MATRIX_SUPERVISE_SHARDS",
        "WAA_MATRIX_SUPERVISE_SHARD",
        "sets no option of any command",
    ),
    "a secret for an action": (
        "pattern: ledger-*",
        "pattern: ${{ secrets.OPENAI_API_KEY }}",
        "a secret is handed to an action",
    ),
    "a fork's code": ("workflow_dispatch:", "pull_request_target:", "runs a fork's code"),
    "a shard that may write a cache": ("cache-mode: none", "cache-mode: write", "cache-mode at"),
    "the caller's tree": (
        "          repository: ${{ job.workflow_repository }}\n",
        "",
        "provision: checks out another tree than the workflow's own",
    ),
    "a commit that moves": ("job.workflow_sha }}", "job.workflow_ref }}", "another tree"),
    "a tree that nobody named": (
        "if: job.workflow_repository == '' || job.workflow_sha == ''",
        "if: job.workflow_repository == ''",
        "provision: does not refuse to run where its own commit is not named",
    ),
    "a pull request's code beside a key": (
        "ref: ${{ job.workflow_sha }}",
        "ref: ${{ inputs.shard-commit || job.workflow_sha }}",
        "provision: checks a pull request out beside a key",
    ),
    "code that a script fetches beside a key": (
        "run: exec .venv/bin/waa-matrix supervise",
        "run: |\n          git fetch origin\n          exec .venv/bin/waa-matrix supervise",
        "supervise: fetches code beside a key",
    ),
    "a key on the fleet": (
        "secrets.AZURE_ENDPOINT }}\n          WAA_MATRIX_WORKER_CLIENT",
        "secrets.WAA_MATRIX_GITHUB_TOKEN }}\n          WAA_MATRIX_WORKER_CLIENT",
        "benchmark: a job on the fleet has a key",
    ),
    "every secret on the fleet": (
        "WAA_MATRIX_WORKER_CLIENT: ${{ steps.shard.outputs.client }}",
        "WAA_MATRIX_WORKER_CLIENT: ${{ toJSON(secrets) }}",
        "benchmark: a job on the fleet has a key",
    ),
    "a secret of every job": (
        "WAA_MATRIX_APP_ID: ${{ vars.WAA_MATRIX_APP_ID }}",
        "WAA_MATRIX_APP_ID: ${{ secrets.WAA_MATRIX_APP_PRIVATE_KEY }}",
        "every job has a secret",
    ),
    "a report that is deleted before its successor is up": (
        "name: report-proved-${{ github.run_attempt }}\n          path: report\n",
        "name: report-proved\n          path: report\n          overwrite: true\n",
        "is deleted before what replaces it is up",
    ),
    "a name that is taken": (
        "report-proved-${{ github.run_attempt }}",
        "report-${{ github.run_attempt }}",
        "is uploaded twice",
    ),
    "results that wait for the report": (
        "name: results-${{ github.run_attempt }} #",
        "name: bare-${{ github.run_attempt }} #",
        "goes up before the results",
    ),
}

SMOKE_BREACHES = {
    "a group that any label takes": (
        "permissions: {}\n\ncache-mode",
        "permissions: {}\n\nconcurrency:\n  group: a\n  cancel-in-progress: true\n\ncache-mode",
        "taken before any job's if",
    ),
    "a group that what runs nothing waits in": (
        "permissions: {}\n\ncache-mode",
        "permissions: {}\n\nconcurrency: a\n\ncache-mode",
        "taken before any job's if",
    ),
    "a gate for forks": (
        "github.event.pull_request.head.repo.full_name == github.repository\n      && ",
        "",
        "gate: pull_request_target runs a fork's code",
    ),
    "a gate that forks pass by the label": (
        "github.repository\n      && contains(github.event.pull_request.labels.*.name, 'smoke')",
        "github.repository\n      || contains(github.event.pull_request.labels.*.name, 'smoke')",
        "gate: pull_request_target runs a fork's code",
    ),
    "a run without its gate": (
        "    needs: gate\n    concurrency",
        "    concurrency",
        "run: pull_request_target runs a fork's code",
    ),
    "a run whatever the gate says": (
        "    needs: gate\n    concurrency",
        "    needs: gate\n    if: always()\n    concurrency",
        "run: pull_request_target runs a fork's code",
    ),
    "a plan of the pull request's": (
        "      suite: waa\n",
        "      suite: ${{ github.event.pull_request.head.ref }}\n",
        "run: hands a pull request's commit to more than the shard",
    ),
    "the pull request beside the identity": (
        "ref: ${{ job.workflow_sha }}",
        "ref: ${{ github.event.pull_request.head.sha }}",
        "clear: checks a pull request out beside a key",
    ),
    "a right too many where a fork is told": (
        "      checks: write # the verdict\n      contents: read\n    steps",
        "      checks: write # the verdict\n      contents: write\n    steps",
        "no-run: pull_request_target runs a fork's code",
    ),
    "a key where a fork is told": (
        "GITHUB_TOKEN: ${{ github.token }}",
        "GITHUB_TOKEN: ${{ secrets.WAA_MATRIX_GITHUB_TOKEN }}",
        "no-run: pull_request_target runs a fork's code",
    ),
    "a fork's code where a fork is told": (
        "IS_FORK: ${{",
        "COMMIT: ${{ github.event.pull_request.head.sha }}\n          IS_FORK: ${{",
        "no-run: knows a commit of a fork's",
    ),
}
OTHER_BREACHES = {
    "a named default branch": (
        "baseline.yml",
        "  push:\n",
        "  push:\n    branches: [main]\n",
        "the default branch is named",
    ),
    "a default branch in a condition": (
        "image.yml",
        "format('refs/heads/{0}', github.event.repository.default_branch)",
        "'refs/heads/main'",
        "the default branch is named",
    ),
    "a cache that is restored": (
        "../actions/waa-matrix/action.yml",
        "enable-cache: false",
        "enable-cache: true",
        "restores a cache",
    ),
    "a uv of any version": (
        "../actions/waa-matrix/action.yml",
        'version: "0.13.9"',
        'version: "0.13"',
        "restores a cache, or is not pinned",
    ),
    "a cache of its own": (
        "reaper.yml",
        "      - uses: ./.github/actions/waa-matrix\n",
        "      - uses: actions/cache/restore@v6\n",
        "restores a cache",
    ),
    "a Python with a cache": (
        "reaper.yml",
        "      - uses: ./.github/actions/waa-matrix\n",
        "      - uses: actions/setup-python@v7\n        with:\n          cache: pip\n",
        "restores a cache",
    ),
}
