// Package awssms sends SMS through AWS End User Messaging (the API that the
// SDK calls PinpointSMSVoiceV2).
//
// Use [New] with a client of the AWS SDK and a number, sender ID or pool that
// the account owns:
//
//	cfg, err := config.LoadDefaultConfig(ctx) // github.com/aws/aws-sdk-go-v2/config
//	sender, err := awssms.New(awssms.Config{
//		API:                 pinpointsmsvoicev2.NewFromConfig(cfg),
//		OriginationIdentity: "arn:aws:sms-voice:…",
//		MaxPrice:            "0.10",
//	})
//
// # What the application brings
//
// Credentials that may do sms-voice:SendTextMessage for that identity and
// nothing else; at AWS a monthly spend limit, and a protect configuration that
// closes the countries where no users live. MaxPrice then stops the numbers
// that only fraudsters ask codes for.
//
// # What is promised
//
// Each Send makes one request. The SDK would make up to three, also after a
// timeout, when the first may have arrived; SendTextMessage has no idempotency
// key, so a person could get the same code twice, and the second would be
// paid for. A nil error means that AWS has taken the message, not that a phone
// has it.
//
// Messages that have not left AWS after [Config.TimeToLive] are dropped there:
// left to itself, AWS goes on for 72 hours. Errors hold the service's error
// code and reason, never its message, which repeats numbers.
package awssms
