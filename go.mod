module github.com/latchkey-auth/latchkey

go 1.26.0
