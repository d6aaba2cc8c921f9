"""What Slack accepts here, and the channels: the app is in all of them but the foreign one."""

SLACK_BOT_TOKEN = "sandbox-slack-bot-token"
SLACK_LEADERSHIP, SLACK_OWNERS, SLACK_SUPPORT = "C07LEADERSHIP", "C07PRODUCTOPS", "C07SUPPORTOPS"
SLACK_CHANNELS = (SLACK_LEADERSHIP, SLACK_OWNERS, SLACK_SUPPORT)
SLACK_FOREIGN_CHANNEL = "C07ELSEWHERE"


def slack_environment(base_url: str) -> dict[str, str]:
    """POPS_SLACK_* variables for the chat of a sandbox at `base_url`; the chat is no source, so it is asked for apart."""
    return {
        "POPS_SLACK_BASE_URL": f"{base_url.rstrip('/')}/slack/api/",
        "POPS_SLACK_BOT_TOKEN": SLACK_BOT_TOKEN,
        "POPS_SLACK_CHANNEL": SLACK_LEADERSHIP,
        "POPS_SLACK_OWNERS_CHANNEL": SLACK_OWNERS,
    }
