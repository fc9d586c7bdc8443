# Three stages: the client, the static binary, and an image that holds nothing else.
FROM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN node build.mjs

FROM golang:1.26-bookworm AS server
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist ./web/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /incamera ./cmd/incamera

FROM scratch
COPY --from=server /incamera /incamera
# Whom the server trusts when it asks others: ACME, an OpenID provider, webhooks.
COPY --from=server /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 65532:65532
# One port number: TCP for the page and signaling, UDP for media. The image writes nothing: run it with --read-only. To keep who may make
# meetings over a restart, mount a volume that belongs to 65532 and add --data.
EXPOSE 8080/tcp 8080/udp
HEALTHCHECK CMD ["/incamera", "health"]
ENTRYPOINT ["/incamera"]
CMD ["serve", "--listen", "0.0.0.0:8080", "--tls", "self-signed"]
