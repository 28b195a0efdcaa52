"""The text of ``/metrics``, parsed, so that tests can ask for single values."""

from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


class Scrape:
    """One answer of ``/metrics``."""

    def __init__(self, text: str) -> None:
        self.families = list(text_string_to_metric_families(text))

    @property
    def samples(self) -> Iterator[Sample]:
        """All samples."""
        return (sample for family in self.families for sample in family.samples)

    def named(self, name: str) -> list[Sample]:
        """The samples of this name."""
        return [sample for sample in self.samples if sample.name == name]

    def value(self, name: str, **labels: str) -> float:
        """The value of the one sample with this name and these labels."""
        [sample] = [sample for sample in self.named(name) if labels.items() <= sample.labels.items()]
        return sample.value

    def labels(self, name: str, label: str) -> set[str]:
        """The values of a label."""
        return {sample.labels[label] for sample in self.named(name)}
