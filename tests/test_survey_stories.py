"""The stories that the make-believe company's surveys tell."""

from datetime import date

from sandbox.company.company import Company
from sandbox.company.surveys.answers import DISLIKED_FEATURE, LAUNCH
from sandbox.company.work_time import local_date


def test_recommendation_of_the_launched_product_falls_and_one_feature_is_disliked() -> None:
    answers = [each for each in Company.create("demo").surveys.answers if each.score is not None]

    def scores(month: int, **about: str) -> list[int]:
        return [
            each.score or 0
            for each in answers
            if local_date(each.submitted_at).month == month
            and all(getattr(each, name) == value for name, value in about.items())
        ]

    def nps(product: str, month: int) -> float:
        given = scores(month, product_id=product)
        return 100 * sum((score >= 9) - (score <= 6) for score in given) / len(given)

    assert date(2026, 9, 29) == LAUNCH
    assert nps("studio", 10) < nps("studio", 9) - 30
    assert abs(nps("insights", 10) - nps("insights", 9)) < 20
    shares = {
        feature: sum(score >= 4 for score in scores(10, feature_id=feature))
        / len(scores(10, feature_id=feature))
        for feature in ("board", "timeline", DISLIKED_FEATURE)
    }
    assert shares[DISLIKED_FEATURE] < 0.4 < 0.6 < min(shares["board"], shares["timeline"])
