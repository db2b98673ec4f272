#!/bin/sh
# Uploads standard input to $1 in parts of 16 MiB, as the AWS command line does, several at a time. $2: options for curl.
set -eu
url=$1 options=$2
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
request() { eval "curl --fail --silent --show-error $options \"\$@\""; }
id=$(request --request POST "$url?uploads=" | sed -n 's/.*<UploadId>\(.*\)<\/UploadId>.*/\1/p')
export url options parts id
# shellcheck disable=SC2016
split --bytes=16M --numeric-suffixes=1 --suffix-length=4 --filter='
  cat >"$parts/$FILE"
  while [ "$(ls "$parts" | grep -c sending)" -ge 8 ]; do sleep 0.01; done
  touch "$parts/$FILE.sending"
  (
    number=$(echo "$FILE" | sed "s/^0*//")
    eval "curl --fail --silent --show-error $options --dump-header \"$parts/$FILE.head\" --output /dev/null \
      --upload-file \"$parts/$FILE\" \"$url?partNumber=$number&uploadId=$id\"" && rm "$parts/$FILE"
    rm "$parts/$FILE.sending"
  ) >/dev/null &
' - ''
while ls "$parts" | grep -q sending; do sleep 0.01; done
{
  echo '<CompleteMultipartUpload>'
  for head in "$parts"/*.head; do
    number=$(basename "$head" .head | sed 's/^0*//')
    etag=$(tr -d '\r' <"$head" | sed -n 's/^[Ee][Tt][Aa][Gg]: *//p')
    echo "<Part><PartNumber>$number</PartNumber><ETag>$etag</ETag></Part>"
  done
  echo '</CompleteMultipartUpload>'
} >"$parts/all.xml"
request --request POST --data-binary "@$parts/all.xml" "$url?uploadId=$id" | grep -q '<CompleteMultipartUploadResult'
