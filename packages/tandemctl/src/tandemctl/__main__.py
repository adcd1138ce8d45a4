"""Entry point of `tandemctl` and `python -m tandemctl`."""

from tandemctl.commands import tandemctl


def main() -> None:
    """Run the command line."""
    tandemctl(prog_name="tandemctl")


if __name__ == "__main__":
    main()
