#!/bin/sh
# Prints the newest Python 3.11 to 3.13 that really answers; a version manager's shim may not.
for version in 3.13 3.12 3.11; do
  for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
    found=$(command -v "$candidate" 2>/dev/null) || continue
    answer=$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
    if [ "$answer" = "$version" ]; then
      echo "$found"
      exit 0
    fi
  done
done
echo "Python 3.11, 3.12 or 3.13 is needed and none was found" >&2
exit 1
