#!/usr/bin/env bash
# check.sh GUESTS HOST... -- SKIFF...: the consumer signs the same on the component's store and on the host's.
set -u
guests=$1
shift
host=()
while [ "$1" != "--" ]; do host+=("$1"); shift; done
shift
skiff=("$@")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0
expect() {
  if [ "$2" != "$3" ]; then
    echo "$1: expected $2, got $3"
    status=1
  fi
}
for tool in "plug --plug" "compose --with"; do
  read -r name option <<<"$tool"
  "${skiff[@]}" component "$name" "$guests/secret_consumer.wasm" "$option" "$guests/secret_provider.wasm" \
    -o "$work/$name.wasm" || status=1
  # Of the interface it may still mention types.
  if "${skiff[@]}" inspect "$work/$name.wasm" | grep -q "resource secret"; then
    echo "$name: the store is still imported"
    status=1
  fi
done
for key in api-key seed root-key nothing; do
  case $key in
    api-key) expected='ok("e24e0ccbea3aac8f")' ;;
    seed) expected='ok("016647fd24e4a2b1")' ;;
    root-key) expected='err(denied)' ;;
    *) expected='err(no-such-secret)' ;;
  esac
  by_host=$("${host[@]}" "$guests/secret_consumer.wasm" "$key" "a message")
  expect "$key, store of the host" "$expected" "$by_host"
  for name in plug compose; do
    by_component=$("${skiff[@]}" run --invoke "sign(\"$key\", \"a message\")" "$work/$name.wasm")
    expect "$key, store of a component ($name)" "$expected" "$by_component"
  done
done
# Alone, the consumer has no store.
if "${skiff[@]}" run --invoke 'sign("api-key", "a message")' "$guests/secret_consumer.wasm" 2>/dev/null; then
  echo "the consumer ran without a store"
  status=1
fi
exit $status
