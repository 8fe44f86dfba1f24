"""The entrance: OTLP over gRPC and HTTP, from senders that nobody vouches for.

`settings` what can be configured · `admission` room for bytes before they are read · `auth` and `tls` who may send ·
`compression` bounded inflating · `status` the one table from an error to what the sender is told · `http_*` an
HTTP/1.1 server of our own and the OTLP routes on it · `grpc` the same over gRPC. Behind the entrance stands one
`records.intake.Intake`, which sees decompressed protobuf bytes only.
"""
