package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/podlike/podlike/internal/pod"
)

// The one call of grpc.health.v1 is made by hand: google.golang.org/grpc would
// add 6.7 MB to a supervisor of 11 MB, for two messages of one field each.
// net/http speaks HTTP/2 already.
//
//	message HealthCheckRequest  { string service = 1; }
//	message HealthCheckResponse { ServingStatus status = 1; }
//
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md,
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

// servingStatus are the words of HealthCheckResponse.ServingStatus.
var servingStatus = []string{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"}

const (
	serving = 1
	// The tag of field 1: its number, and its type in the low three bits.
	stringTag, enumTag = 1<<3 | 2, 1 << 3

	// codes of gRPC that deserve their own words
	notFound, unimplemented = "5", "12"
)

func (c *Checker) checkGRPC(ctx context.Context, p pod.GRPCProbe) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.Address()+"/grpc.health.v1.Health/Check",
		bytes.NewReader(frame(healthRequest(p.Service))))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	request.Header.Set("User-Agent", userAgent)
	answer, err := c.grpc.Do(request)
	if err != nil {
		return plain(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return plain(err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer was %s", answer.Status)
	}
	// An answer without a body has what are trailers otherwise as headers.
	code, text := answer.Trailer.Get("Grpc-Status"), answer.Trailer.Get("Grpc-Message")
	if code == "" {
		code, text = answer.Header.Get("Grpc-Status"), answer.Header.Get("Grpc-Message")
	}
	switch code {
	case "0":
	case "":
		return errors.New("the answer is not gRPC")
	case notFound:
		return fmt.Errorf("the service %q is not known", p.Service)
	case unimplemented:
		return errors.New("the server does not implement grpc.health.v1")
	default:
		if plainText, err := url.PathUnescape(text); err == nil {
			text = plainText
		}
		return fmt.Errorf("gRPC code %s: %s", code, text)
	}
	status, err := healthStatus(body)
	switch {
	case err != nil:
		return err
	case status == serving:
		return nil
	case status < uint64(len(servingStatus)):
		return fmt.Errorf("the status is %s", servingStatus[status])
	default:
		return fmt.Errorf("the status is %d", status)
	}
}

// frame puts a message into a length-prefixed frame, not compressed.
func frame(message []byte) []byte {
	framed := make([]byte, 5, 5+len(message))
	binary.BigEndian.PutUint32(framed[1:], uint32(len(message)))
	return append(framed, message...)
}

func healthRequest(service string) []byte {
	if service == "" {
		return nil // an empty string is not written
	}
	message := binary.AppendUvarint([]byte{stringTag}, uint64(len(service)))
	return append(message, service...)
}

// healthStatus reads the status out of a framed HealthCheckResponse.
func healthStatus(framed []byte) (uint64, error) {
	bad := errors.New("the answer is not a HealthCheckResponse")
	if len(framed) < 5 || framed[0] != 0 || uint64(binary.BigEndian.Uint32(framed[1:])) != uint64(len(framed)-5) {
		return 0, bad
	}
	message := framed[5:]
	if len(message) == 0 {
		return 0, nil // UNKNOWN is zero, and not written
	}
	status, n := binary.Uvarint(message[1:])
	if message[0] != enumTag || n <= 0 {
		return 0, bad
	}
	return status, nil
}
