package group

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
)

const (
	// MaxStrokes is how many strokes one Draw has at most, and how many an Erase
	// names.
	MaxStrokes = 64
	// MaxPoints is how many numbers the strokes of one Draw have together.
	MaxPoints = 2048
	// MaxStrokeText is the length of a text on the board in code points.
	MaxStrokeText = 120

	maxCoordinate = 4095
	maxInk        = 5
	maxPen        = 3
)

// Shapes are what can be on the board.
var Shapes = [...]string{"pen", "line", "box", "oval", "text"}

// A Stroke is one thing on the board, which is 4096 wide and high. Points are x
// and y by turns: two points, one for a text, any number for a pen.
type Stroke struct {
	ID     string `json:"id"`    // 16 hex digits
	Shape  string `json:"shape"` // one of Shapes
	Ink    int    `json:"ink"`   // 0 to 5
	Size   int    `json:"size"`  // 1 to 3
	Points []int  `json:"points"`
	Text   string `json:"text"` // of a text only
}

// A Draw puts strokes on the board. They are said again for those who join later.
type Draw struct {
	Strokes []Stroke `json:"strokes"`
}

// An Erase takes strokes of the sender's off the board.
type Erase struct {
	IDs []string `json:"ids"`
}

func (Draw) kind() string  { return "draw" }
func (Erase) kind() string { return "erase" }

func (m Stroke) valid() error {
	n := len(m.Points)
	switch {
	case !isHex(m.ID, idDigits) || !slices.Contains(Shapes[:], m.Shape):
		return errors.New("it is no stroke")
	case m.Ink < 0 || m.Ink > maxInk || m.Size < 1 || m.Size > maxPen:
		return errors.New("there is no such ink or pen")
	case n < 2 || n%2 != 0 || m.Shape == "text" && n != 2 || m.Shape != "text" && m.Shape != "pen" && n != 4:
		return errors.New("the stroke has another number of points")
	case slices.ContainsFunc(m.Points, func(p int) bool { return p < 0 || p > maxCoordinate }):
		return errors.New("a point is beside the board")
	case m.Shape != "text" && m.Text != "":
		return errors.New("only a text has a text")
	case m.Shape == "text":
		return checkLine("the text", m.Text, MaxStrokeText)
	}
	return nil
}

func (d Draw) valid() error {
	if len(d.Strokes) == 0 || len(d.Strokes) > MaxStrokes {
		return errors.New("it has no strokes, or too many")
	}
	points := 0
	for _, m := range d.Strokes {
		if err := m.valid(); err != nil {
			return err
		}
		points += len(m.Points)
	}
	if points > MaxPoints {
		return errors.New("it has too many points")
	}
	return nil
}

func (e Erase) valid() error {
	if len(e.IDs) == 0 || len(e.IDs) > MaxStrokes || slices.ContainsFunc(e.IDs, func(id string) bool { return !isHex(id, idDigits) }) {
		return errors.New("it names no strokes, or too many")
	}
	return nil
}

// decodeBoard reads the kinds of this file, and returns nil for others.
func decodeBoard(kind string, fields map[string]json.RawMessage) (App, error) {
	switch kind {
	case "draw":
		var strokes []map[string]json.RawMessage
		if json.Unmarshal(fields["strokes"], &strokes) != nil {
			return nil, errors.New("the strokes are missing or of another type")
		}
		d := Draw{make([]Stroke, len(strokes))}
		for i, m := range strokes {
			var err error
			if d.Strokes[i], err = readStroke(m); err != nil {
				return nil, err
			}
		}
		return d, d.valid()
	case "erase":
		var e Erase
		if err := read(fields, "ids", &e.IDs); err != nil {
			return nil, err
		}
		return e, e.valid()
	}
	return nil, nil
}

func readStroke(fields map[string]json.RawMessage) (Stroke, error) {
	var m Stroke
	var ink, size float64
	var points []*float64 // a null is no number
	if err := errors.Join(read(fields, "id", &m.ID), read(fields, "shape", &m.Shape), read(fields, "ink", &ink), read(fields, "size", &size),
		read(fields, "points", &points), read(fields, "text", &m.Text)); err != nil {
		return Stroke{}, err
	}
	if ink != math.Trunc(ink) || size != math.Trunc(size) || math.Abs(ink) > maxInk || math.Abs(size) > maxPen {
		return Stroke{}, errors.New("there is no such ink or pen")
	}
	m.Ink, m.Size = int(ink), int(size)
	m.Points = make([]int, len(points))
	for i, p := range points {
		if p == nil || *p != math.Trunc(*p) || *p < 0 || *p > maxCoordinate {
			return Stroke{}, errors.New("a point is beside the board")
		}
		m.Points[i] = int(*p)
	}
	return m, nil
}
