#!/bin/sh
# Starts Kafka with the variables of its official image: KAFKA_LOG_DIRS is log.dirs, and so on.
set -eu
env | grep '^KAFKA_' | while IFS='=' read -r name value; do
  echo "$(echo "${name#KAFKA_}" | tr 'A-Z_' 'a-z.')=$value"
done > /tmp/server.properties
run() {
  java -Xmx512m -XX:+UseSerialGC -Djava.awt.headless=true -Dlog4j2.level=WARN \
    -cp '/opt/kafka/*' "$@"
}
if [ ! -s "$KAFKA_LOG_DIRS/meta.properties" ]; then
  run kafka.tools.StorageTool format --cluster-id 5L6g3nShT-eMCtK--X86sw --config /tmp/server.properties
fi
exec java -Xmx512m -XX:+UseSerialGC -Djava.awt.headless=true -Dlog4j2.level=WARN \
  -cp '/opt/kafka/*' kafka.Kafka /tmp/server.properties
