# A component of a CycloneDX list, a line without an end: name, version, purl, and its licence where it is known.
component() {
    licence=${4:+"\"licenses\":[{\"expression\":\"$4\"}],"}
    printf '{"bom-ref":"%s@%s",%s"name":"%s","purl":"%s","type":"library","version":"%s"}' \
        "$1" "$2" "$licence" "$1" "$(printf %s "$3" | sed 's/+/%2B/g')" "$2"
}
