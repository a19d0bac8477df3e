"""Rules that find unwanted content in a text without asking a model: known forms of data, secrets and phrases.

What a rule finds is certain enough to act on; that it finds nothing says little, least of all about meaning.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["MAX_LENGTH", "RULES", "Finding", "RuleOptions", "find", "redact", "without_directives"]

MAX_LENGTH = 64_000
_CERTAIN, _LIKELY, _POSSIBLE = 0.95, 0.8, 0.5


class _Rule(NamedTuple):
    """A pattern, how sure a match makes, and a tag for what it finds."""

    tag: str
    score: float
    pattern: str


@dataclass(slots=True)
class Finding:
    """What the rules of one category found: a score from 0 to 1, and `(tag, text)` of every place."""

    score: float = 0.0
    spans: list[tuple[str, str]] = field(default_factory=list)

    def add(self, score: float, tag: str, text: str) -> None:
        """Count one more place; several weaker ones make a stronger finding."""
        self.score = min(1.0, max(score, self.score) + (0.1 if self.spans and score < _LIKELY else 0))
        self.spans.append((tag, text))

    def tags(self) -> dict[str, int]:
        """How often what was found."""
        return dict(Counter(tag for tag, _ in self.spans))


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """What the user of the rules knows about their own organisation and subject."""

    organisations: Sequence[str] = ()
    domains: Sequence[str] = ()
    host_labels: Sequence[str] = ()
    markers: Sequence[str] = ()
    allowed_urls: Sequence[str] = ()
    blocked_words: Sequence[str] = ()
    scope_mode: str = "off"
    allowed_topics: Sequence[str] = ()
    blocked_topics: Sequence[str] = ()


def _rules(*rules: tuple[str, float, str]) -> tuple[_Rule, ...]:
    # Every repeat is bounded, so that no text can make a search take long.
    return tuple(_Rule(*rule) for rule in rules)


_PERSONAL = _rules(
    ("EMAIL", _LIKELY, r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b"),
    ("SSN", _CERTAIN, r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}\b"),
    (
        "PHONE",
        _LIKELY,
        r"(?<![\w.])(?<!\d[ -])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\d{2,4}[ .-])\d{3,4}[ .-]\d{3,4}(?![\w.]|[ -]\d)",
    ),
    ("PHONE", _LIKELY, r"(?<![\w+])\+\d{9,14}\b"),
    ("IBAN", _CERTAIN, r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
    ("PASSPORT", _LIKELY, r"\bpassport(?: number| no\.?)?[ :#]{1,3}[A-Z0-9]{6,9}\b"),
    ("BIRTH_DATE", _LIKELY, r"\b(?:born on|date of birth|dob)[ :]{1,3}\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b"),
    ("IP", _POSSIBLE, r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b"),
    ("ADDRESS", _POSSIBLE, r"\b\d{1,5} (?:[A-Z][a-z]{1,20} ){1,3}(?:street|st|avenue|ave|road|rd|lane|drive|blvd)\b"),
)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_SECRETS = _rules(
    ("PRIVATE_KEY", _CERTAIN, r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"),
    ("AWS_KEY", _CERTAIN, r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("API_KEY", _CERTAIN, r"\b(?:sk|pk|rk)-(?:ant-|proj-|live-|test-)?[\w-]{16,200}\b"),
    ("API_KEY", _CERTAIN, r"\b(?:sk|pk|rk)_(?:live|test)_\w{16,100}\b"),
    ("GITHUB_TOKEN", _CERTAIN, r"\b(?:gh[pousr]_\w{30,100}|github_pat_\w{20,100})\b"),
    ("SLACK_TOKEN", _CERTAIN, r"\bxox[abeprs]-[\w-]{10,100}\b"),
    ("GOOGLE_KEY", _CERTAIN, r"\bAIza[\w-]{35}\b"),
    ("JWT", _CERTAIN, r"\beyJ[\w-]{8,2000}\.[\w-]{8,2000}\.[\w-]{8,2000}\b"),
    ("BEARER", _LIKELY, r"\bbearer [\w.~+/-]{16,500}=*"),
    ("CONNECTION", _CERTAIN, r"\b[a-z][a-z0-9+]{1,20}://[^\s:/@]{1,100}:[^\s@/]{1,100}@[^\s/]{1,200}"),
    (
        "PASSWORD",
        _LIKELY,
        r"\b(?:password|passwd|pwd|passphrase|secret|api[_ -]?key|access[_ -]?token|client[_ -]?secret)"
        r"(?: is|\s{0,3}[:=])\s{0,3}[\"']?[^\s\"']{6,200}",
    ),
)
_TOKEN = re.compile(r"\b[\w+/-]{24,200}\b")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ANY = r"[^.\n]{0,40}"
_OVERRIDE = _rules(
    (
        "OVERRIDE",
        _CERTAIN,
        rf"\b(?:ignore|disregard|forget|override|bypass)\b{_ANY}\b(?:previous|prior|above|earlier|all|your|the)\b{_ANY}"
        r"\b(?:instructions?|rules?|prompts?|guidelines?|polic(?:y|ies)|directives?)\b",
    ),
    (
        "PROMPT_THEFT",
        _LIKELY,
        rf"\b(?:reveal|show|print|repeat|output|leak)\b{_ANY}\b(?:system|hidden|initial)\b{_ANY}\b"
        r"(?:prompt|instructions?|message)\b",
    ),
    ("NEW_ROLE", _LIKELY, r"\b(?:new|updated|real) (?:system )?(?:instructions?|prompt|task)\s{0,3}:"),
    ("ROLE_MARK", _LIKELY, r"<\|?(?:system|im_start|im_end|endoftext|assistant)\|?>|\[/?(?:INST|SYS)\]|<</?SYS>>"),
    ("ROLE_MARK", _POSSIBLE, r"(?m:^\s{0,5}(?:system|assistant|developer)\s{0,3}:)"),
    (
        "TOOL_STEERING",
        _LIKELY,
        rf"\b(?:call|invoke|use|run) the \w{{1,40}} (?:tool|function)\b{_ANY}\b(?:and|with|to) send\b",
    ),
    ("EXFILTRATION", _CERTAIN, rf"\b(?:send|post|forward|upload|exfiltrate)\b{_ANY}\b(?:to|at) https?://"),
    (
        "CONCEALMENT",
        _LIKELY,
        rf"\b(?:do not|don't|never) (?:tell|mention|inform|reveal)\b{_ANY}\b(?:user|anyone|human)\b",
    ),
)
_JAILBREAK = _rules(
    ("PERSONA", _CERTAIN, r"\b(?:do anything now|dan mode|developer mode|god mode|jailbreak(?:en|ed)?)\b"),
    ("PERSONA", _CERTAIN, r"\byou are now\b.{0,60}\b(?:unrestricted|unfiltered|uncensored|without (?:any )?(?:rules|limits|"
     r"restrictions|filters))\b"),
    ("ROLE_PLAY", _LIKELY, r"\b(?:pretend|act as if|imagine|role ?play)\b.{0,40}\b(?:no|without)\b.{0,20}"
     r"\b(?:rules|limits|restrictions|filters?|ethics|morals)\b"),
    ("DISABLED", _LIKELY, r"\b(?:disable|turn off|remove|lift)\b.{0,30}\b(?:safety|content|moral|ethical)\b.{0,20}"
     r"\b(?:filters?|guidelines?|restrictions?|protocols?)\b"),
    ("HYPOTHESIS", _POSSIBLE, r"\b(?:hypothetically|for (?:a novel|fiction|educational purposes))\b.{0,80}\b(?:hack|bomb|"
     r"explosive|malware|meth|weapon)\b"),
    ("COMPLIANCE", _POSSIBLE, r"\byou (?:must|will|have to) (?:always )?(?:comply|obey|answer)\b.{0,30}\b(?:no matter|"
     r"regardless|without (?:question|refus))"),
)  # fmt: skip
_MALICIOUS = _rules(
    ("DESTRUCTION", _CERTAIN, r"\brm\s{1,3}-(?:rf|fr|r\s{1,3}-f)\s{1,3}(?:/|~|\*|\$home)"),
    ("DESTRUCTION", _CERTAIN, r"\b(?:mkfs(?:\.\w{1,6})?\s|dd if=/dev/(?:zero|u?random) of=/dev/|format c:)"),
    ("FORK_BOMB", _CERTAIN, r":\(\)\s{0,3}\{\s{0,3}:\|:&\s{0,3}\};:"),
    ("REVERSE_SHELL", _CERTAIN, r"/dev/tcp/[\w.]{3,60}/\d{1,5}|\bnc(?:at)?\b[^\n]{0,30}\s-e\s{1,3}/bin/|bash -i >&"),
    ("DOWNLOAD_AND_RUN", _LIKELY, r"\b(?:curl|wget)\b[^\n|]{1,200}\|\s{0,3}(?:ba|z|da)?sh\b"),
    ("SQL_INJECTION", _CERTAIN, r"'\s{0,3}(?:or|and)\s{1,3}'?\d{1,3}'?\s{0,3}=\s{0,3}'?\d{1,3}|;\s{0,3}drop\s{1,3}table\b|"
     r"\bunion\s{1,3}(?:all\s{1,3})?select\b[^\n]{0,80}\bfrom\b"),
    ("SCRIPT", _CERTAIN, r"<script\b[^>]{0,200}>|\bjavascript:\s{0,3}\w|\bon(?:error|load|click)\s{0,3}=\s{0,3}[\"']"),
    ("PATH", _LIKELY, r"(?:\.\./){3,}|/etc/(?:passwd|shadow)\b"),
    ("CODE_RUN", _LIKELY, r"\b(?:os\.system|subprocess\.(?:run|popen|call)|eval|exec|pickle\.loads)\s{0,3}\("),
    ("POWERSHELL", _LIKELY, r"\bpowershell\b[^\n]{0,80}\s-(?:enc|encodedcommand|w(?:indowstyle)? hidden)\b"),
    ("MALWARE", _POSSIBLE, r"\b(?:ransomware|keylogger|rootkit|botnet|zero[- ]day exploit)\b"),
)  # fmt: skip
_OFFENSIVE = _rules(
    ("THREAT", _CERTAIN, r"\b(?:i(?:'ll| will| am going to)|we(?:'ll| will)) (?:kill|murder|hurt|beat|shoot|stab) (?:you|him|"
     r"her|them|your)\b"),
    ("THREAT", _CERTAIN, r"\b(?:kill|hang) yourself\b|\bgo die\b|\byou (?:deserve|ought) to die\b"),
    ("HATE", _LIKELY, r"\b(?:i hate|death to|exterminate|deport) (?:all )?(?:the )?(?:jews|muslims|blacks|gays|women|"
     r"immigrants|christians|foreigners)\b"),
    ("INSULT", _LIKELY, r"\byou (?:are|'re)? ?(?:a |an |such a )?(?:fucking |bloody )?(?:idiot|moron|bitch|bastard|asshole|cunt|"
     r"retard|piece of shit)\b"),
    ("PROFANITY", _POSSIBLE, r"\b(?:fuck(?:ing|er)?|shit|bullshit|cunt|asshole|bitch)\b"),
)  # fmt: skip
_BUSINESS = _rules(
    ("MARKER", _LIKELY, r"\b(?:strictly |company |highly )?confidential\b|\binternal use only\b|\bnot for distribution\b|"
     r"\btrade secret\b|\bproprietary (?:and|information)\b"),
    ("CLOUD_RESOURCE", _LIKELY, r"\barn:aws:[\w:*/-]{5,200}|\bprojects/[\w-]{4,40}/(?:secrets|topics|datasets)/[\w-]{1,80}|"
     r"\bcrn:v1:[\w:/-]{5,200}"),
    ("INTERNAL_HOST", _LIKELY, r"\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:internal|corp|intranet|local|lan)\b"),
    ("EMPLOYEE", _LIKELY, r"\bemployee (?:id|number|no\.?)[ :#]{1,3}[A-Z0-9-]{3,15}\b"),
)  # fmt: skip
_ASKING = r"\b(?:enter|provide|send|share|give|tell|confirm|type|reply with)\b[^.?!\n]{0,60}\b"
_SOLICITING = _rules(
    (
        "SOLICITATION",
        _CERTAIN,
        _ASKING + r"(?:your )?(?:password|pin|cvv|cvc|one[- ]time (?:code|password)|otp|card number|social security "
        r"number|ssn|api key|security answer|passport number)\b",
    ),
    (
        "SOLICITATION",
        _LIKELY,
        r"\bwhat(?: is|'s) your (?:password|pin|cvv|card number|ssn|social security number|api key)\b",
    ),
)
_LEAK = _rules(
    (
        "PROMPT_LEAK",
        _CERTAIN,
        r"\b(?:my|the) (?:system|hidden|initial) (?:prompt|instructions?|message) (?:is|are|says?|reads?)\b",
    ),
    ("PROMPT_LEAK", _LIKELY, r"\bi (?:was|am|have been) (?:instructed|told|configured|programmed) to\b"),
    ("PROMPT_LEAK", _LIKELY, r"\bhere (?:is|are) my (?:system )?(?:instructions?|prompt)\b"),
)
_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{16,4000}={0,2}(?![\w+/=])")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_LEET = str.maketrans("013457@$", "oieastas")
_URL = re.compile(r"https?://[^\s<>\"')]{1,2000}", re.IGNORECASE)


def _matched(rules: Sequence[_Rule], *texts: str) -> Finding:
    finding = Finding()
    seen: set[str] = set()
    for rule in rules:
        # Compiled when first used, which most servers never do; `re` keeps it from then on.
        pattern = re.compile(rule.pattern, re.IGNORECASE)
        for text in texts:
            for match in pattern.finditer(text):
                if match[0] not in seen:
                    seen.add(match[0])
                    finding.add(rule.score, rule.tag, match[0])
    return finding


def _personal(text: str, prose: str, options: RuleOptions) -> Finding:
    finding = _matched(_PERSONAL, text)
    for match in _CARD.finditer(text):
        if _luhn([int(digit) for digit in match[0] if digit.isdigit()]):
            finding.add(_CERTAIN, "CARD", match[0])
    return finding


def _luhn(digits: list[int]) -> bool:
    doubled = [digit if index % 2 == 0 else sum(divmod(2 * digit, 10)) for index, digit in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(doubled) % 10 == 0


def _secrets(text: str, prose: str, options: RuleOptions) -> Finding:
    finding = _matched(_SECRETS, text)
    for match in _TOKEN.finditer(text):
        known = any(match[0] in span for _, span in finding.spans)
        if not known and not _UUID.fullmatch(match[0]) and _looks_random(match[0]):
            finding.add(_POSSIBLE, "TOKEN", match[0])
    return finding


def _looks_random(text: str) -> bool:
    classes = sum(any(test(letter) for letter in text) for test in (str.islower, str.isupper, str.isdigit))
    shares = [count / len(text) for count in Counter(text).values()]
    return classes == 3 and -sum(share * math.log2(share) for share in shares) >= 4.0


def _injection(text: str, prose: str, options: RuleOptions) -> Finding:
    finding = _matched(_OVERRIDE, text, prose)
    for match in _URL.finditer(text):
        query = match[0].partition("?")[2]
        if len(query) > 40 and options.allowed_urls and not match[0].startswith(tuple(options.allowed_urls)):
            finding.add(_POSSIBLE, "URL", match[0])
    return finding


def _jailbreak(text: str, prose: str, options: RuleOptions) -> Finding:
    return _matched(_JAILBREAK, text, prose)


def _malicious(text: str, prose: str, options: RuleOptions) -> Finding:
    return _matched(_MALICIOUS, text)


def _offensive(text: str, prose: str, options: RuleOptions) -> Finding:
    finding = _matched(_OFFENSIVE, text, prose)
    for word in _mentioned(options.blocked_words, text):
        finding.add(_CERTAIN, "BLOCKED", word)
    return finding


def _business(text: str, prose: str, options: RuleOptions) -> Finding:
    finding = _matched(_BUSINESS, text)
    for tag, words in (("ORGANISATION", options.organisations), ("MARKER", options.markers)):
        for word in _mentioned(words, text):
            finding.add(_LIKELY, tag, word)
    for domain in options.domains:
        for match in re.finditer(rf"[\w.+-]{{1,64}}@(?:[\w-]{{1,63}}\.)?{re.escape(domain)}\b", text, re.IGNORECASE):
            finding.add(_LIKELY, "EMAIL", match[0])
    for label in options.host_labels:
        for match in re.finditer(rf"\b(?:[\w-]{{1,63}}\.)?{re.escape(label)}\.[\w.-]{{3,100}}\b", text, re.IGNORECASE):
            finding.add(_LIKELY, "INTERNAL_HOST", match[0])
    return finding


def _soliciting(text: str, prose: str, options: RuleOptions) -> Finding:
    return _matched(_SOLICITING, text)


def _leak(text: str, prose: str, options: RuleOptions) -> Finding:
    return _matched(_LEAK, text)


def _scope(text: str, prose: str, options: RuleOptions) -> Finding:
    finding = Finding()
    if options.scope_mode in ("denylist", "both"):
        for topic in _mentioned(options.blocked_topics, text):
            finding.add(_CERTAIN, "BLOCKED_TOPIC", topic)
    allowed = options.scope_mode in ("allowlist", "both") and options.allowed_topics
    if allowed and not list(_mentioned(options.allowed_topics, text)):
        finding.add(_CERTAIN, "OTHER_TOPIC", text[:80])
    return finding


def _mentioned(words: Sequence[str], text: str) -> Iterator[str]:
    for word in words:
        match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
        if match:
            yield match[0]


RULES: Mapping[str, Callable[[str, str, RuleOptions], Finding]] = {
    "PII": _personal,
    "Tokens/Passwords": _secrets,
    "Jailbreak": _jailbreak,
    "Offensive Content": _offensive,
    "Malicious Code": _malicious,
    "Prompt Injection": _injection,
    "Enterprise Business": _business,
    "PII Solicitation": _soliciting,
    "System Prompt Leak": _leak,
    "Scope": _scope,
}
"""The rules of each category: given the text, the same without disguises, and the options."""


def find(text: str, categories: Sequence[str], options: RuleOptions, *, hidden: bool) -> dict[str, Finding]:
    """What the rules of the categories find; `hidden` looks into Base64 and behind spelling tricks too. Takes a while."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    prose = plain
    if hidden:
        plain = "\n".join([plain, *_decoded(plain)])
        prose = re.sub(r"(?<=\b\w)[ ._-](?=\w\b)", "", plain.lower().translate(_LEET))
    return {name: RULES[name](plain, prose, options) if name in RULES else Finding() for name in categories}


def _decoded(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        try:
            decoded = base64.b64decode(match[0], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if decoded.isprintable():
            yield decoded


def redact(text: str, spans: Sequence[tuple[str, str]], mode: str) -> str:
    """The text with the spans replaced: `mask`, `tokenize` or `partial`. Raises `ValueError` for one it does not hold."""
    for tag, found in sorted(spans, key=lambda span: len(span[1]), reverse=True):
        if mode == "tokenize":
            replacement = f"<{tag}>"
        elif mode == "partial" and len(found) > 4:
            replacement = f"[{tag}:***{found[-4:]}]"
        else:
            replacement = f"[REDACTED:{tag}]"
        if found not in text and replacement not in text:
            raise ValueError("what was found is hidden in the text and cannot be replaced")
        text = text.replace(found, replacement)
    return text


def without_directives(text: str) -> tuple[str, int]:
    """The text without the sentences that try to steer an assistant, and how many these were."""
    kept, removed = [], 0
    for part in re.split(r"(?<=[.!?\n])", text):
        if _matched((*_OVERRIDE, *_JAILBREAK), part).spans:
            removed += 1
        else:
            kept.append(part)
    return "".join(kept).strip(), removed
