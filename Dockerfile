# Two stages: the first builds one static program, the second holds nothing else.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /tarikh ./api

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /tarikh /tarikh
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/tarikh"]
CMD ["serve"]
