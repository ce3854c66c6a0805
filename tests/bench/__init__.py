"""`./run bench`: every row of performance.md, measured against a bare Django view of the same minute.

Times are for people, never for tests: machines are noisy. What is exact (statements, requests, bytes, the
order of a rush) is held by tests/test_budget.py and its neighbours, which count with the code here.
"""
