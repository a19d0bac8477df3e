"""Yahoo Finance: the headlines about a stock, from Yahoo's public feed."""

from __future__ import annotations

from langflow_lite.components.base import output
from langflow_lite.components.feeds import read_feed
from langflow_lite.components.html import html_to_text
from langflow_lite.components.inputs import Kind, field
from langflow_lite.components.service import Service
from langflow_lite.values import Data, Message, Table

__all__ = ["YfinanceComponent"]

_METHODS = (
    "get_info",
    "get_news",
    "get_actions",
    "get_analysis",
    "get_balance_sheet",
    "get_calendar",
    "get_cashflow",
    "get_institutional_holders",
    "get_recommendations",
    "get_sustainability",
    "get_major_holders",
    "get_mutualfund_holders",
    "get_insider_purchases",
    "get_insider_transactions",
    "get_insider_roster_holders",
    "get_dividends",
    "get_capital_gains",
    "get_splits",
    "get_shares",
    "get_fast_info",
    "get_sec_filings",
    "get_recommendations_summary",
    "get_upgrades_downgrades",
    "get_earnings",
    "get_income_stmt",
)


class YfinanceComponent(Service):
    """Reads the news about a stock from Yahoo Finance."""

    name = "YfinanceComponent"
    aliases = (
        "YahooFinanceTool",
        "YFinanceTool",
        "YfinanceToolComponent",
        "YahooFinance",
        "Yahoo! Finance",
        "Yahoo Finance",
    )
    display_name = "Yahoo! Finance"
    category = "yahoosearch"
    icon = "trending-up"
    service = "yahoo-finance"
    title = "Yahoo Finance"
    address = "https://feeds.finance.yahoo.com"

    symbol: str = field(Kind.TEXT, "Stock Symbol", tool_mode=True, aliases=("input_value",), info="Such as AAPL.")
    method: str = field(
        Kind.DROPDOWN, "Data Method", "get_news", options=_METHODS, info="Only get_news has a public source."
    )
    num_news: int = field(Kind.INT, "Number of News", 5, info="Most headlines.")

    @output("dataframe", "Table", aliases=("fetch_content_dataframe", "as_dataframe"), tool_name="fetch_content")
    async def fetch_content_dataframe(self) -> Table:
        """A row per headline."""
        return Table(record.data for record in await self.fetch_content())

    @output("data", "Data", types=("Data", "JSON"), aliases=("api_run_model", "run_model"), hidden=True)
    async def fetch_content(self) -> list[Data]:
        """A record per headline, newest first: title, link, published and text.

        Raises `ValueError` without a symbol and for anything but news, and `FetchFailed`.
        """
        if self.method != "get_news":
            raise ValueError(
                f"Yahoo Finance has no public source for {self.method}: choose get_news, or use an API Request "
                "to a provider of market data"
            )
        symbol = self.symbol.strip().upper()
        if not symbol:
            raise ValueError("A stock symbol is required, such as AAPL")
        answer = await self.send("GET", "/rss/2.0/headline", params={"s": symbol, "region": "US", "lang": "en-US"})
        records = [
            Data(
                {
                    "text": f"{html_to_text(article.title)}\n{html_to_text(article.summary)}".strip(),
                    "title": html_to_text(article.title),
                    "link": article.link,
                    "published": article.published,
                }
            )
            for article in read_feed(answer.content)[: max(0, self.num_news)]
        ]
        self.status = records
        return records

    @output("text", "Text", hidden=True)
    async def fetch_content_text(self) -> Message:
        """The headlines with their summaries."""
        text = "\n\n".join(record.get_text() for record in await self.fetch_content())
        self.status = text
        return Message(text=text)
