"""Draws the backlog and the times to the first reply, from the models in zendesk.duckdb: `python dbt/example/chart.py
FILE.png`."""

import os
import sys

import duckdb
import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot

INK, FAINT, BLUE, ORANGE = "#222222", "#dddddd", "#1f6f8b", "#e07a3f"

# The simulated account has a clock of its own: days after its last change say nothing.
BACKLOG = """
    select day, open_tickets
    from main_zendesk_answers.zendesk_backlog_by_day
    where day <= (select max(updated_at) from main_zendesk_answers.zendesk_tickets)
    order by day
"""

REPLIES = """
    select
        cast(date_trunc('month', created_at) as date) as month,
        median(first_reply_minutes) / 60 as calendar_hours,
        median(first_reply_business_minutes) / 60 as business_hours
    from main_zendesk_answers.zendesk_ticket_times
    where first_reply_minutes is not null
    group by month
    order by month
"""


def main():
    (file,) = sys.argv[1:]
    with duckdb.connect(os.environ.get("ZENDESK_DUCKDB", "zendesk.duckdb"), read_only=True) as connection:
        backlog = connection.execute(BACKLOG).fetchall()
        replies = connection.execute(REPLIES).fetchall()
    pyplot.rcParams.update({"font.size": 9, "text.color": INK, "axes.edgecolor": FAINT, "axes.titlelocation": "left"})
    figure, (upper, lower) = pyplot.subplots(2, 1, figsize=(7.5, 4.5), layout="constrained", sharex=True)
    days, open_tickets = zip(*backlog)
    upper.fill_between(days, open_tickets, color=BLUE, alpha=0.25, linewidth=0)
    upper.plot(days, open_tickets, color=BLUE, linewidth=1.2)
    upper.set_title("Open tickets at the end of each day")
    months, calendar, business = zip(*replies)
    lower.plot(months, calendar, color=ORANGE, marker="o", markersize=3, label="calendar")
    lower.plot(months, business, color=BLUE, marker="o", markersize=3, label="business hours")
    lower.set_title("Median hours to the first reply, by the month of creation")
    lower.legend(frameon=False)
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_ylim(bottom=0)
    figure.savefig(file, dpi=96, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
