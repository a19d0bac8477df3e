"""Functions of jq that are written in jq."""

from __future__ import annotations

__all__ = ["PRELUDE"]

PRELUDE = r"""
def map(f): [.[] | f];
def map_values(f): .[] |= f;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def recurse(f; condition): recurse(f | select(condition));
def recurse_down: recurse;
def while(condition; update): select(condition) | recurse(update | select(condition));
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def nth($n; f):
  if $n < 0 then error("nth doesn't support negative indices") else first(skip($n; f)) end;
def isvalid(f): try (f | true) catch false;
def add(f): [f] | add;
def any(generator; condition): isempty(first(generator | condition | select(.))) | not;
def any(condition): any(.[]; condition);
def any: any(.[]; .);
def all(generator; condition): isempty(first(generator | condition | select(. | not)));
def all(condition): all(.[]; condition);
def all: all(.[]; .);
def in($container): . as $key | $container | has($key);
def inside($container): . as $part | $container | contains($part);
def with_entries(f): to_entries | map(f) | from_entries;
def del(f): delpaths([path(f)]);
def _paths: path(..) | select(length > 0);
def paths: _paths;
def paths(condition): . as $root | _paths | select(. as $path | $root | getpath($path) | condition);
def leaf_paths: paths(scalars);
def pick(f): . as $root | reduce path(f) as $path (null; setpath($path; $root | getpath($path)));
def walk(f):
  def inner: if type == "object" then map_values(inner) elif type == "array" then map(inner) else . end | f;
  inner;
def combinations:
  if length == 0 then [] else .[0][] as $head | (.[1:] | combinations) as $rest | [$head] + $rest end;
def combinations($n): [range($n) as $_ | .] | combinations;
def match(re; flags): _match(re; flags; false) | .[];
def match($re): if ($re | type) == "array" then match($re[0]; $re[1]) else match($re; null) end;
def test(re; flags): _match(re; flags; true);
def test($re): if ($re | type) == "array" then test($re[0]; $re[1]) else test($re; null) end;
def capture(re; flags): match(re; flags) | _captured;
def capture($re): match($re) | _captured;
def scan($re; $flags):
  match($re; "g" + $flags) | if (.captures | length) > 0 then [.captures[].string] else .string end;
def scan($re): scan($re; null);
def split($re; flags): . as $text
  | [foreach (match($re; "g" + flags), null) as $match ([0, null];
      if $match == null then [0, $text[.[0]:]]
      else [$match.offset + $match.length, $text[.[0]:$match.offset]] end; .[1])];
def splits($re; flags): split($re; flags) | .[];
def splits($re): splits($re; null);
def sub(re; text): sub(re; text; "");
def gsub(re; text; $flags): sub(re; text; $flags + "g");
def gsub(re; text): sub(re; text; "g");
def tostream: path(def leaves: (.[]? | leaves), .; leaves) as $path
  | getpath($path)
  | reduce path(.[]?) as $last ([$path, .]; [$path + $last]);
def fromstream(f): {done: null, value: null} as $start
  | foreach f as $event ($start;
      (if .done then $start else . end)
      | if $event | length == 2
        then .value = (.value | setpath($event[0]; $event[1])) | .done = ($event[0] | length == 0)
        else .done = ($event[0] | length == 1) end;
      if .done then .value else empty end);
def truncate_stream(stream): . as $depth | null
  | stream
  | . as $event | if ($event[0] | length) > $depth then setpath([0]; $event[0][$depth:]) else empty end;
def IN(stream): any(stream == .; .);
def IN(source; stream): any(source == stream; .);
def INDEX(stream; key): reduce stream as $row ({}; .[$row | key | tostring] |= $row);
def INDEX(key): INDEX(.[]; key);
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todate: todateiso8601;
def fromdate: fromdateiso8601;
def date: todate;
def dateadd(unit; $n): . + $n;
def datesub(unit; $n): . - $n;
def localtime: gmtime;
def strflocaltime(layout): strftime(layout);
def debug: .;
def debug(message): .;
def stderr: .;
"""
