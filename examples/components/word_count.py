"""A component of one's own: `langflow-lite run --components-path examples/components`."""

from langflow_lite import Component, Data, Kind, Message, field, output


class WordCount(Component):
    """Counts the words of a text."""

    name = "WordCount"
    display_name = "Word Count"
    category = "processing"
    icon = "hash"

    text: str = field(Kind.MULTILINE, "Text", required=True, tool_mode=True, info="The text whose words are counted.")
    longest: int = field(Kind.INT, "Longest Words", 3, advanced=True, info="How many of the longest words to name.")

    @output("counts", "Counts")
    def count(self) -> Data:
        """The number of words, and the longest of them."""
        words = self.text.split()
        longest = sorted(set(words), key=lambda word: (-len(word), word))[: self.longest]
        self.log(f"{len(words)} words")
        return Data(words=len(words), longest=longest)

    @output("summary", "Summary")
    async def summarize(self) -> Message:
        """The same in a sentence."""
        counts = self.count().data
        return Message(text=f"{counts['words']} words, the longest are {', '.join(counts['longest'])}")
