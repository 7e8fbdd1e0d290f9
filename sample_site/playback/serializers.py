from rest_framework import serializers

from epg.models import Show


class StreamSerializer(serializers.Serializer):
    channel = serializers.CharField(source="channel.slug")
    url = serializers.CharField()
    devices = serializers.IntegerField()


class RecommendationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Show
        fields = ["id", "title", "poster"]
