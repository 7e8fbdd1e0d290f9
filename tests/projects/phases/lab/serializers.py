from rest_framework import serializers

from lab.spells import SPELL, burn

ROWS = 10


class Part(serializers.Serializer):
    burnt = serializers.SerializerMethodField()

    def get_burnt(self, row: int) -> int:
        burn(SPELL / ROWS)
        return row


class Whole(serializers.Serializer):
    part = Part(source="*")
