"""Writes cdnow_master.csv and cdnow_master_78.csv beside this file: the histories of all 23,570 customers of CDNOW after 39 weeks, and
after 78 weeks with what they spent on repeat purchases, each with its count.

    python -m venv venv && venv/bin/pip install lifetimes==0.11.3
    python generate_cdnow_master.py venv/lib/python*/site-packages/lifetimes/datasets/CDNOW_master.txt

The log is Fader & Hardie's public data set: id, date yyyymmdd, CDs, dollars. Customers are observed from their first purchase to
1997-09-30, or to 1998-06-30; several purchases on one day are one. Plain Python, and nothing of cam.
"""

import os
import sys
from collections import Counter
from datetime import date

HERE = os.path.dirname(os.path.abspath(__file__))


def customers():
    """For each customer what was spent on each day, in cents."""
    spent = {}
    with open(sys.argv[1], encoding="ascii") as file:
        for line in file:
            fields = line.split()
            if len(fields) == 4 and fields[0].isdigit():
                day = date(int(fields[1][:4]), int(fields[1][4:6]), int(fields[1][6:]))
                days = spent.setdefault(fields[0], {})
                days[day] = days.get(day, 0) + round(100 * float(fields[3]))
    return spent.values()


def write(name, comment, columns, histories):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        file.write(f"# {comment} By generate_cdnow_master.py from CDNOW_master.txt\n{columns}\n")
        for history, number in sorted(histories.items()):
            file.write(",".join(map(str, [*history, number])) + "\n")


def main():
    short, long = Counter(), Counter()
    for spent in customers():
        first = min(spent)
        end = date(1997, 9, 30)
        days = [day for day in spent if day <= end]
        short[(len(days) - 1, (max(days) - first).days, (end - first).days)] += 1
        end = date(1998, 6, 30)
        long[(len(spent) - 1, (max(spent) - first).days, (end - first).days, sum(spent.values()) - spent[first])] += 1
    write("cdnow_master.csv", "All customers of CDNOW to 1997-09-30, times in days.", "frequency,recency,T,customers", short)
    comment = "All customers of CDNOW to 1998-06-30, times in days, with the cents of their repeat purchases."
    write("cdnow_master_78.csv", comment, "frequency,recency,T,cents,customers", long)


main()
