package dynamostore_test

import (
	"context"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/latchkey-auth/latchkey/providers/dynamostore"
)

func Example() {
	var config aws.Config // from config.LoadDefaultConfig
	client := dynamodb.NewFromConfig(config)
	store, err := dynamostore.New(client, dynamostore.Config{Table: "latchkey"})
	if err != nil {
		log.Fatal(err)
	}
	_ = store // goes into the Config of package twofactor
}

func ExampleTableInput() {
	client := dynamodb.New(dynamodb.Options{Region: "eu-west-1"})
	table := dynamostore.TableInput("latchkey")
	table.DeletionProtectionEnabled = aws.Bool(true)
	if _, err := client.CreateTable(context.Background(), table); err != nil {
		log.Fatal(err)
	}
}
