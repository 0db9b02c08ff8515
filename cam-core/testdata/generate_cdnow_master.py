"""Writes cdnow_master.csv beside this file: the histories of all 23,570 customers of CDNOW after 39 weeks, each with its count.

    python -m venv venv && venv/bin/pip install lifetimes==0.11.3
    python generate_cdnow_master.py venv/lib/python*/site-packages/lifetimes/datasets/CDNOW_master.txt

The log is Fader & Hardie's public data set: id, date yyyymmdd, CDs, dollars. Customers are observed from their first purchase to
1997-09-30; several purchases on one day are one. Plain Python, and nothing of cam.
"""

import os
import sys
from collections import Counter
from datetime import date

HERE = os.path.dirname(os.path.abspath(__file__))
END = date(1997, 9, 30)


def main():
    days = {}
    with open(sys.argv[1], encoding="ascii") as file:
        for line in file:
            fields = line.split()
            if len(fields) == 4 and fields[0].isdigit():
                day = date(int(fields[1][:4]), int(fields[1][4:6]), int(fields[1][6:]))
                if day <= END:
                    days.setdefault(fields[0], set()).add(day)
    histories = Counter(
        (len(bought) - 1, (max(bought) - min(bought)).days, (END - min(bought)).days) for bought in days.values()
    )
    with open(os.path.join(HERE, "cdnow_master.csv"), "w", encoding="utf-8") as file:
        file.write("# All customers of CDNOW to 1997-09-30, times in days. By generate_cdnow_master.py from CDNOW_master.txt\n")
        file.write("frequency,recency,T,customers\n")
        for history, customers in sorted(histories.items()):
            file.write(",".join(map(str, [*history, customers])) + "\n")


main()
