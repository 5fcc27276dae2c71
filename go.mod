module github.com/latchkey-auth/latchkey

go 1.26.0

require (
	github.com/boombuler/barcode v1.1.0
	github.com/pquerna/otp v1.5.0
)

require (
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
