"""What the reference keeps of calls: all of them, as a list."""

from collections import defaultdict
from dataclasses import dataclass

from reference_options import Options


@dataclass(frozen=True, slots=True)
class Call:
    """A settled call. `bucket` is where a window of time counts it."""

    failed: bool
    slow: bool
    bucket: int


class Period:
    """What was recorded since the window was last emptied."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.calls: list[Call] = []
        # Of in_flight, by the number of the bucket a call started in.
        self.started: defaultdict[int, int] = defaultdict(int)
        self.on_time: defaultdict[int, int] = defaultdict(int)
        self.ignored: defaultdict[int, int] = defaultdict(int)

    def record(self, failed: bool, slow: bool, now: int) -> int:
        """Adds a settled call and says how many of its class its bucket held before."""
        alike = [call.bucket for call in self.calls if (call.failed, call.slow) == (failed, slow)]
        bucket = max([now // self.options.bucket_ns, *alike])
        self.calls.append(Call(failed, slow, bucket))
        return alike.count(bucket)

    def window(self, now: int) -> list[Call]:
        """The calls that the window holds at `now`."""
        size = self.options.calls_in_window
        if size is not None:
            return self.calls[-size:]
        last = max([now // self.options.bucket_ns, *(call.bucket for call in self.calls)])
        return [call for call in self.calls if last - self.options.buckets < call.bucket <= last]

    def record_start(self, now: int) -> bool:
        """Whether it is the first of its bucket."""
        bucket = now // self.options.start_bucket_ns
        self.started[bucket] += 1
        return self.started[bucket] == 1

    def record_end(self, start: int, ignored: bool, slow: bool) -> None:
        bucket = start // self.options.start_bucket_ns
        if ignored:
            self.ignored[bucket] += 1
        elif not slow:
            self.on_time[bucket] += 1

    def judged(self, now: int) -> tuple[int, int]:
        """Of in_flight: how many calls are judged by their age, and how many are slow."""
        options = self.options
        length = options.start_bucket_ns
        calls = slow = 0
        for bucket, started in self.started.items():
            over_for = now - (bucket + 1) * length
            limit = options.slow_call_ns
            if limit < over_for <= limit + options.window_ns:
                of_bucket = max(started - self.ignored[bucket], 0)
                calls += of_bucket
                slow += max(of_bucket - self.on_time[bucket], 0)
        return calls, slow
